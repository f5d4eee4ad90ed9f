// The versions of plugins, by name.
import type { SchemaPluginSummary } from '../schema';

export type Family = {
  name: string;
  /** The version that new runs get, if any. */
  serving: SchemaPluginSummary | undefined;
  /** All of them, from the highest down. */
  versions: SchemaPluginSummary[];
};

/** Versions by name; the host lists each name's from the highest down. */
export function families(plugins: readonly SchemaPluginSummary[]): Family[] {
  const byName = new Map<string, SchemaPluginSummary[]>();
  for (const one of plugins) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  return [...byName].map(([name, versions]) => ({ name, versions, serving: serving(versions) }));
}

/** What a new run gets when it names no version. */
function serving(versions: readonly SchemaPluginSummary[]): SchemaPluginSummary | undefined {
  return versions.find(isServable);
}

function isServable({ state, version }: SchemaPluginSummary): boolean {
  const isRelease = !version.split('+')[0]?.includes('-');
  return state === 'active' && isRelease;
}

/** From which version to which a pipeline goes back; nothing when there is none before. */
export function rollback(versions: readonly SchemaPluginSummary[]): { from: string; to: string } | undefined {
  const [from, to] = versions.filter(isServable);
  return from && to ? { from: from.version, to: to.version } : undefined;
}
