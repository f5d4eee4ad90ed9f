// The prefix under which a proxy serves the host, e.g. `/sim`; empty at the root of an origin.
const written = document.querySelector<HTMLMetaElement>('meta[name="simulay-base"]')?.content ?? '';

/** The prefix of every address, without a slash at its end. */
export const base = written.startsWith('__') ? '' : written.replace(/\/+$/, '');

/** The address of a place of the page, or of a route of the host. */
export function href(path: string): string {
  return base + path;
}
