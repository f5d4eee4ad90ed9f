import { navigate, route } from '../routes';
import { base, href } from './base';

type Options = { replace?: boolean; keepScroll?: boolean };

/** Goes to a place of the page: `/runs?state=failed#x`. */
export function go(to: string, options: Options = {}): Promise<unknown> {
  const url = new URL(href(to), globalThis.location.origin);
  return navigate(url.pathname as never, {
    search: url.search.slice(1),
    hash: url.hash,
    replace: options.replace,
    scrollToTop: options.keepScroll ? false : undefined,
  } as never);
}

/** Where we are, without the prefix: `/runs?state=failed`. */
export function here(): string {
  const { pathname, search, hash } = globalThis.location;
  return pathname.slice(base.length) + search + hash;
}

/** The query of the address as it is written; reactive. */
export function query(): URLSearchParams {
  // Read for its reactivity alone: its values are numbers where they look so, which loses digits.
  void route.search;
  return new URLSearchParams(globalThis.location.search);
}

/** Changes the query of the address where we are; `null` and empty values leave it. */
export function setQuery(changes: Record<string, string | number | null | undefined>, replace = true): void {
  const next = new URLSearchParams(globalThis.location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') next.delete(key);
    else next.set(key, String(value));
  }
  const path = globalThis.location.pathname.slice(base.length) || '/';
  const search = next.toString();
  void go(search ? `${path}?${search}` : path, { replace, keepScroll: true });
}
