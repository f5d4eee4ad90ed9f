// Reads a log from the host: from where it broke off, as it grows, until its call has ended.
import { fetched } from '../api';
import { problemIn } from '../problem';
import type { LogBuffer } from './buffer';

/** How it goes. */
export type Reading = 'reading' | 'ended' | 'waiting' | 'refused' | 'full';

/** What is told while a log is read. */
export type Told = {
  /** Bytes came. */
  grew: () => void;
  /** Another attempt prints anew: what came before is forgotten. */
  anew: () => void;
  /** How it goes, with the host's words when it is refused. */
  state: (now: Reading, why?: string) => void;
};

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** Reads until the end; one connection, let go of when `signal` aborts. */
export async function read(
  address: string,
  buffer: LogBuffer,
  attempt: Attempt,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const before = buffer.length;
    const after = await once(address, buffer, attempt, told, signal);
    if (after === 'done' || signal.aborted) return;
    wait = buffer.length > before ? FIRST_WAIT_MS : Math.min(wait * 1.6, LONGEST_WAIT_MS);
    told.state('waiting');
    await pause(typeof after === 'number' ? after : wait, signal);
  }
}

/** Which attempt at the call prints, as the host told last. */
export type Attempt = { number: string | null };

/** One request: `done`, the time after which to ask again, or nothing when it broke off. */
async function once(
  address: string,
  buffer: LogBuffer,
  attempt: Attempt,
  told: Told,
  signal: AbortSignal,
): Promise<'done' | number | undefined> {
  try {
    const response = await fetched(withOffset(address, buffer.length), { signal });
    const number = response.headers.get('simulay-attempt');
    const other = number !== null && attempt.number !== null && number !== attempt.number;
    attempt.number = number ?? attempt.number;
    // What is shorter than what is here already is something else too.
    if (buffer.length > 0 && (other || response.status === 416)) return await restart(response, buffer, told);
    if (!response.ok) return await refused(response, told);
    told.state('reading');
    return await drain(response, buffer, told);
  } catch {
    return undefined;
  }
}

async function restart(response: Response, buffer: LogBuffer, told: Told): Promise<number> {
  await response.body?.cancel();
  buffer.clear();
  told.anew();
  return 0;
}

async function drain(response: Response, buffer: LogBuffer, told: Told): Promise<'done'> {
  const reader = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return done(told, 'ended');
    buffer.append(piece.value);
    told.grew();
    if (buffer.full) {
      await reader?.cancel();
      return done(told, 'full');
    }
  }
}

async function refused(response: Response, told: Told): Promise<'done' | number | undefined> {
  if (response.status === 429 || response.status === 503) return retryAfter(response);
  told.state('refused', (await problemIn(response)).detail);
  return 'done';
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function done(told: Told, state: Reading): 'done' {
  told.state(state);
  return 'done';
}

function withOffset(address: string, offset: number): string {
  if (offset === 0) return address;
  return `${address}${address.includes('?') ? '&' : '?'}from=${offset}`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
