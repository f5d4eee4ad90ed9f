import { href } from './base';

/** A request as a command that does the same. */
export function curl(method: string, path: string, body?: unknown): string {
  const address = quoted(location.origin + href(path));
  const parts = ['curl -sS', method === 'GET' ? '' : `-X ${method}`, address].filter(Boolean);
  if (body !== undefined) parts.push(`\\\n  -H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`);
  return parts.join(' ');
}

/** A word of a shell that means itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
