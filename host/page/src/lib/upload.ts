import { ask, api } from './api';
import { href } from './base';
import { ProblemError, asProblem, unreachable } from './problem';

export type Progress = { sent: number; of: number };

// Larger files are not hashed here: that would take their whole length in memory.
const HASHED_AT_MOST = 256 * 2 ** 20;

/** The SHA-256 of a file; nothing where browsers do not offer it (plain HTTP) or for a very large file. */
export async function sha256(file: Blob): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle || file.size > HASHED_AT_MOST) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** True when the host has these bytes already. */
export async function isStored(digest: string): Promise<boolean> {
  const answer = await ask(api.POST('/v1/inputs/missing', { body: { sha256: [digest] } }));
  return !answer.missing.includes(digest);
}

/** Sends bytes to a route of the host and tells how many were sent: `fetch` does not. */
export function send<T>(
  path: string,
  body: Blob,
  type: string,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', href(path));
    request.setRequestHeader('content-type', type);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded }) => progress({ sent: loaded, of: body.size });
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(request.response as T);
      const plain = new Response(null, { status: request.status, statusText: request.statusText });
      reject(new ProblemError(asProblem(request.response, plain)));
    };
    request.onerror = () => reject(new ProblemError(unreachable(undefined)));
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}
