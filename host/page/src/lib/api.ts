import type { Client } from 'openapi-fetch';

import { href } from './base';
import { host } from './host.svelte';
import { ProblemError, asProblem, unreachable } from './problem';
import type { Routes } from './routes';

/** `fetch` whose failures are problems too, and which sees what every answer tells of the host. */
export async function fetched(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ProblemError(unreachable(error));
  }
  host.heard(response);
  return response;
}

/** A request with a JSON body. */
export function written(method: string, body?: unknown, headers: Record<string, string> = {}): RequestInit {
  if (body === undefined) return { method, headers };
  return { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

type Given = {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> };
  body?: unknown;
  signal?: AbortSignal;
};
type Answer<T> = { data?: T; error?: unknown; response: Response };

function address(route: string, { path = {}, query = {} }: NonNullable<Given['params']> = {}): string {
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const search = String(new URLSearchParams(asked.map(([name, value]) => [name, String(value)])));
  return href(search ? `${filled}?${search}` : filled);
}

function by(method: string) {
  return async (route: string, { params, body, signal }: Given = {}): Promise<Answer<unknown>> => {
    const response = await fetched(address(route, params), { ...written(method, body), signal });
    if (!response.ok) return { error: await response.json().catch(() => undefined), response };
    return { data: response.status === 204 ? undefined : await response.json(), response };
  };
}

/** Every route of the host, with its types. */
export const api = {
  GET: by('GET'),
  POST: by('POST'),
  PUT: by('PUT'),
  PATCH: by('PATCH'),
  DELETE: by('DELETE'),
} as unknown as Pick<Client<Routes>, 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'>;

/** What was answered; throws the problem that came instead. */
export async function ask<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ProblemError(asProblem(error, response));
  return data as T;
}
