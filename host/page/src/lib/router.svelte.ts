import { type Component, tick } from 'svelte';

import { base } from './base';
import { loadAnew, part } from './part';
import { type Params, params, pattern } from './paths';

type Screen = () => Promise<{ default: Component }>;
/** What a way that the page itself takes says besides where it leads. */
export type Manner = { keepScroll?: boolean };

/**
 * Which screen the address names. The browser tells of each way to another one: a link, Back, or `go`. One that does
 * not tell loads the page anew, and is right too.
 */
export class Router {
  /** The path of the screen that is shown, without the prefix. */
  pathname = $state('/');
  /** The query of the address. */
  search = $state('');
  /** What the variable parts of the path are. */
  params = $state.raw<Params>({});
  /** The screen; none until it is loaded. */
  screen = $state.raw<Component>();
  #screens: (readonly [RegExp, Screen])[];
  #otherwise: Screen;
  #latest: URL | undefined;

  /** A part of a path that begins with `:` stands for any. */
  constructor(screens: Record<string, Screen>, otherwise: Screen) {
    this.#screens = Object.entries(screens).map(([path, screen]) => [pattern(path), screen]);
    this.#otherwise = otherwise;
  }

  /** Shows the screen of the address, and from then on those that it changes to. */
  start(): void {
    const here = new URL(location.href);
    this.pathname = within(here);
    void this.#show(here);
    window.navigation?.addEventListener('navigate', (event) => this.#follow(event));
  }

  #follow(event: NavigateEvent): void {
    const url = new URL(event.destination.url);
    if (!event.canIntercept || !changesScreen(event) || !isScreen(url)) return;
    event.intercept({
      focusReset: 'manual',
      scroll: (event.info as Manner | undefined)?.keepScroll ? 'manual' : 'after-transition',
      handler: () => this.#show(url),
    });
  }

  async #show(url: URL): Promise<void> {
    this.#latest = url;
    const path = within(url);
    const { screen, params } = this.#find(path);
    const fetched = await part(screen, { wanted: () => this.#latest === url, missing: loadAnew });
    // Another way was taken while this screen was fetched.
    if (!fetched || this.#latest !== url) return;
    this.screen = fetched.default;
    this.params = params;
    this.pathname = path;
    this.search = url.search;
    // It is scrolled once the screen is there.
    await tick();
  }

  #find(path: string): { screen: Screen; params: Params } {
    for (const [like, screen] of this.#screens) {
      const found = params(like, path);
      if (found) return { screen, params: found };
    }
    return { screen: this.#otherwise, params: {} };
  }
}

/** The path of an address below the prefix. */
function within(url: URL): string {
  return url.pathname.slice(base.length) || '/';
}

/** True unless the address alone changes (a fragment, `replaceState`), or something is loaded or saved. */
function changesScreen(event: NavigateEvent): boolean {
  if (event.hashChange || event.downloadRequest !== null || event.formData || event.navigationType === 'reload') return false;
  return !event.destination.sameDocument || event.navigationType === 'traverse';
}

/** False for what the host answers itself. */
function isScreen(url: URL): boolean {
  return `${url.pathname}/`.startsWith(`${base}/`) && !/^\/(v1|docs|openapi\.json|metrics|healthz|readyz)(\/|$)/.test(within(url));
}
