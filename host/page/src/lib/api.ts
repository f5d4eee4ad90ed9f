import createClient, { type Middleware } from 'openapi-fetch';

import { base } from './base';
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

const watch: Middleware = {
  onResponse({ response }) {
    host.heard(response);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    return new ProblemError(unreachable(error));
  },
};

/** Every route of the host, with its types. */
export const api = createClient<Routes>({ baseUrl: base });
api.use(watch);

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What was answered; throws the problem that came instead. */
export async function ask<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ProblemError(asProblem(error, response));
  return data as T;
}
