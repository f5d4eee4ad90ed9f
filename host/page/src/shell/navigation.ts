import type { IconName } from '../lib/ui/Icon.svelte';

export type Place = { to: string; text: string; icon: IconName; key: string; more?: boolean };

/** The places of the page, with the second key of their shortcut: `g` and then this. */
export const PLACES: Place[] = [
  { to: '/', text: 'Start', icon: 'home', key: 's' },
  { to: '/pipelines', text: 'Pipelines', icon: 'pipeline', key: 'p' },
  { to: '/runs', text: 'Runs', icon: 'runs', key: 'r' },
  { to: '/sweeps', text: 'Sweeps', icon: 'sweep', key: 'w' },
  { to: '/plugins', text: 'Plugins', icon: 'plugin', key: 'u', more: true },
  { to: '/system', text: 'System', icon: 'system', key: 'y', more: true },
];

/** True when the place holds the path. */
export function holds(place: Place, path: string): boolean {
  return place.to === '/' ? path === '/' : path === place.to || path.startsWith(`${place.to}/`);
}
