import { fetched } from './api';
import { href } from './base';
import { ProblemError, problemIn } from './problem';

/** What a route answers; throws the problem that came instead. For routes that the types do not know yet. */
export async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetched(href(path), init);
  if (!response.ok) throw new ProblemError(await problemIn(response));
  return (await response.json()) as T;
}
