import type { SchemaFieldError, SchemaProblem } from './schema';

export type Problem = Omit<SchemaProblem, 'kind'> & { kind: string };
export type FieldError = SchemaFieldError;

/** What the host refused, as it said it; or that it cannot be reached. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** True for what ends when the connection comes back. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.kind === 'unreachable';
}

/** A refusal in the words of the host, whatever was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: 'page', title: 'The page cannot go on', detail, status: 0, request_id: '', type: 'about:blank' };
}

/** The problem document of an answer; a plain one when the answer holds none. */
export async function problemIn(response: Response): Promise<Problem> {
  const told: unknown = await response.json().catch(() => undefined);
  return asProblem(told, response);
}

export function asProblem(told: unknown, response: Response): Problem {
  if (typeof told === 'object' && told !== null && 'kind' in told && 'detail' in told) return told as Problem;
  return {
    kind: 'http',
    title: response.statusText || `HTTP ${response.status}`,
    detail: `The answer has status ${response.status} and says nothing more.`,
    status: response.status,
    request_id: response.headers.get('x-request-id') ?? '',
    type: 'about:blank',
  };
}

export function unreachable(error: unknown): Problem {
  return {
    kind: 'unreachable',
    title: 'The host cannot be reached',
    detail: 'The connection to the host failed. What you typed is kept; try again.',
    status: 0,
    request_id: '',
    type: error instanceof Error ? error.message : 'about:blank',
  };
}
