import { route } from '../routes';
import { base, href } from './base';
import type { Manner } from './router.svelte';

type Options = Manner & { replace?: boolean };

/** Goes to a place of the page: `/runs?state=failed#x`. */
export async function go(to: string, { replace, keepScroll }: Options = {}): Promise<void> {
  const url = href(to);
  if (!window.navigation) return replace ? location.replace(url) : location.assign(url);
  const info: Manner = { keepScroll };
  const { committed, finished } = window.navigation.navigate(url, { history: replace ? 'replace' : 'auto', info });
  // One that another overtakes ends, and is no failure.
  await Promise.allSettled([committed, finished]);
}

/** Where we are, without the prefix: `/runs?state=failed`. */
export function here(): string {
  const { pathname, search, hash } = globalThis.location;
  return pathname.slice(base.length) + search + hash;
}

/** The query of the address as it is written; reactive. */
export function query(): URLSearchParams {
  // Read for its reactivity alone: the address may be ahead of the screen.
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
