import { number, span } from '../format';
import type { SchemaAsked, SchemaEnding } from '../schema';

/** How a command ended, in words, and what would help. */
export type Told = { words: string; good: boolean; cure?: string };

export function told(ending: SchemaEnding, call: SchemaAsked): Told {
  const { memory_mib, scratch_mib, timeout_ms } = call.resources;
  if (typeof ending === 'object') {
    if ('exited' in ending) return { words: `exited with ${ending.exited}`, good: ending.exited === 0 };
    return { words: `ended by signal ${ending.signalled}`, good: false };
  }
  const endings: Record<string, Told> = {
    out_of_memory: { words: `needed more than ${number(memory_mib)} MiB of memory`, good: false, cure: 'raise `memory_mib`' },
    timed_out: { words: `took longer than ${span(timeout_ms)}`, good: false, cure: 'raise `timeout_ms`, or ask for less' },
    scratch_full: { words: `needed more than ${number(scratch_mib)} MiB for files`, good: false, cure: 'raise `scratch_mib`' },
    output_limit: { words: 'left more than may be kept', good: false, cure: 'keep fewer files' },
    process_limit: { words: 'started more processes than it may', good: false },
  };
  return endings[ending] ?? { words: String(ending).replaceAll('_', ' '), good: false };
}

// What helps against an end of a run, by its kind; the message itself is the host's.
const CURES: Record<string, string> = {
  params_invalid: 'Change the field that is named.',
  simulation: 'The plugin refuses these parameters: change what its message names.',
  container_exit: 'Look at the end of its output: the program says there what it could not do.',
  container_signal: 'The program was ended by a signal, as by a fault of its own.',
  container_oom: 'Give it more memory, or ask for a smaller problem.',
  container_timeout: 'Give it more time, or ask for a smaller problem.',
  container_disk_limit: 'Give it more space for files, or write less.',
  container_lost: 'Docker lost the container. Run it again.',
  container_process_limit: 'Start fewer processes.',
  output_limit: 'Print or keep less.',
  docker_unavailable: 'The host cannot reach Docker: System shows why. Run it again once it can.',
  image_unavailable: 'The image is missing: an operator registers or pulls it.',
  image_not_allowed: 'The version may not use this image.',
  storage_low: 'The disk of the host is nearly full: an operator makes room.',
  step_limit: 'The plugin planned too many steps: it may not converge for these values.',
};

export function cure(kind: string): string | undefined {
  return CURES[kind];
}

/** The last lines of a text. */
export function lastLines(text: string, count: number): string {
  return text.replace(/\n+$/, '').split('\n').slice(-count).join('\n');
}
