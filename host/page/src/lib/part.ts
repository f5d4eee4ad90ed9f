import { fetched } from './api';
import { href } from './base';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** Where the address lies that was loaded anew. */
const LOADED = 'simulay-loaded-anew';

export type Wish = {
  /** Whether the part is needed still. */
  wanted?: () => boolean;
  /** What to do when the host is there and has no such part: it is of another build than this page. */
  missing?: () => void;
};

/**
 * A part of the page that is fetched when it is first needed, tried until it is there: the host may be away just then.
 * Nothing once it is not wanted any more.
 */
export function part<T>(fetch: () => Promise<T>): Promise<T>;
export function part<T>(fetch: () => Promise<T>, wish: Wish): Promise<T | undefined>;
export async function part<T>(fetch: () => Promise<T>, { wanted = () => true, missing }: Wish = {}): Promise<T | undefined> {
  let isThere = false;
  for (let wait = FIRST_WAIT_MS; wanted(); wait = longer(wait)) {
    try {
      return await fetch();
    } catch (error) {
      console.warn(error);
      if (isThere) missing?.();
      await new Promise((resolve) => setTimeout(resolve, wait));
      isThere = await answers();
    }
  }
}

/** Loads the page anew, once at an address: what is not there then does not come by another time either. */
export function loadAnew(): void {
  if (sessionStorage.getItem(LOADED) === location.href) return;
  sessionStorage.setItem(LOADED, location.href);
  location.reload();
}

/** Tells that a page is whole, so that it may be loaded anew another time. */
export function isWhole(): void {
  sessionStorage.removeItem(LOADED);
}

async function answers(): Promise<boolean> {
  const answer = await fetched(href('/healthz')).catch(() => undefined);
  return answer?.ok ?? false;
}

function longer(wait: number): number {
  return Math.min(2 * wait, LONGEST_WAIT_MS);
}

/** Asks again for styles that could not be fetched: what fetches a part asks for its styles once only. */
export function fetchStylesAgain(): void {
  document.addEventListener('error', ({ target }) => target instanceof HTMLLinkElement && fetchAgain(target), true);
}

function fetchAgain(link: HTMLLinkElement): void {
  if (link.rel !== 'stylesheet') return;
  const wait = Number(link.dataset.wait ?? FIRST_WAIT_MS);
  const again = link.cloneNode() as HTMLLinkElement;
  again.dataset.wait = String(longer(wait));
  setTimeout(() => link.replaceWith(again), wait);
}
