import type { IconName } from './ui/Icon.svelte';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'still';
type Look = { word: string; icon: IconName; tone: Tone };

// Colour is never the only sign: a state is an icon and a word too.
const LOOKS: Record<string, Look> = {
  queued: { word: 'waiting', icon: 'clock', tone: 'still' },
  running: { word: 'at work', icon: 'work', tone: 'busy' },
  succeeded: { word: 'succeeded', icon: 'check', tone: 'good' },
  failed: { word: 'failed', icon: 'cross', tone: 'bad' },
  cancelled: { word: 'cancelled', icon: 'slash', tone: 'still' },
  timed_out: { word: 'timed out', icon: 'clock', tone: 'warn' },
  active: { word: 'active', icon: 'check', tone: 'good' },
  ready: { word: 'ready', icon: 'check', tone: 'good' },
  pending: { word: 'waits for approval', icon: 'clock', tone: 'warn' },
  inactive: { word: 'not serving', icon: 'dot', tone: 'still' },
  retired: { word: 'retired', icon: 'slash', tone: 'still' },
};

/** The word, icon and tone of a state; an unknown one is shown by its own name. */
export function look(state: string): Look {
  return LOOKS[state] ?? { word: state.replaceAll('_', ' '), icon: 'dot', tone: 'still' };
}

/** True for a run that will not change any more. */
export function hasEnded(state: string): boolean {
  return state !== 'queued' && state !== 'running';
}
