// What a plugin asks for, in words.
import { number, span } from '../format';
import type { SchemaPluginEventKind, SchemaResources } from '../schema';

const NAMES: Record<string, string> = {
  'max_resources.cpu_milli': 'Processor of a container',
  'max_resources.memory_mib': 'Memory of a container',
  'max_resources.scratch_mib': 'Disk of a container',
  'max_resources.timeout_ms': 'Time of a container',
  max_parallel: 'Containers at once',
  images: 'Images',
};

/** What is asked for. */
export function what(field: string): string {
  const image = /^images\.(.+)$/.exec(field)?.[1];
  return image ? `Image ${image}` : (NAMES[field] ?? field);
}

/** A value of it as people read it. */
export function amount(field: string, value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value !== 'number') return Array.isArray(value) ? value.map(String).join(', ') || 'none' : plain(value);
  if (field.endsWith('cpu_milli')) return `${number(value / 1000)} ${value === 1000 ? 'core' : 'cores'}`;
  if (field.endsWith('_mib')) return `${number(value)} MiB`;
  if (field.endsWith('timeout_ms')) return span(value);
  return number(value);
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The fields of resources, in the order that people ask for them. */
export const RESOURCES = ['cpu_milli', 'memory_mib', 'scratch_mib', 'timeout_ms'] as const satisfies readonly (keyof SchemaResources)[];

const EVENTS: Record<SchemaPluginEventKind, string> = {
  uploaded: 'uploaded',
  approved: 'approved: what it asks for was granted',
  activated: 'activated: it takes new runs',
  check_begun: 'its examples are being run',
  check_agreed: 'its examples gave what they expect',
  check_disagreed: 'an example gave something else',
  retired: 'retired: it takes no new runs',
  rolled_back: 'rolled back: the version before serves',
  process_isolation_granted: 'isolated by process: its calls may follow each other in a container',
  process_isolation_withdrawn: 'isolated by container: each of its calls has one of its own',
};

/** What happened to a version. */
export function event(kind: SchemaPluginEventKind): string {
  return EVENTS[kind] ?? kind;
}
