import { fetched } from './api';
import { href } from './base';
import { host } from './host.svelte';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

// What fetches a part asks for its styles once only.
document.addEventListener('error', ({ target }) => target instanceof HTMLLinkElement && fetchAgain(target), true);

function fetchAgain(style: HTMLLinkElement): void {
  setTimeout(() => style.replaceWith(style.cloneNode()), FIRST_WAIT_MS);
}

/**
 * A part of the page that is fetched when it is first needed, tried until it is there: the host may be away just then.
 * One of another version has other parts, so all is loaded anew from it. Nothing once it is not `wanted` any more.
 */
export function part<T>(fetch: () => Promise<T>): Promise<T>;
export function part<T>(fetch: () => Promise<T>, wanted: () => boolean): Promise<T | undefined>;
export async function part<T>(fetch: () => Promise<T>, wanted = () => true): Promise<T | undefined> {
  for (let wait = FIRST_WAIT_MS; wanted(); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await fetch();
    } catch (error) {
      console.warn(error);
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (await isAnother()) location.reload();
    }
  }
}

/** True when the host answers, and is of another version than this page. */
async function isAnother(): Promise<boolean> {
  await fetched(href('/healthz')).catch(() => undefined);
  return host.changed;
}
