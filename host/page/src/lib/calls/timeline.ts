import type { SchemaCall, SchemaEvent } from '../schema';

/** A span of a call on the time line, as parts of the whole: it waited, or was at work. */
export type Part = { what: 'waiting' | 'working'; from: number; to: number; open: boolean; attempt: number };
export type Bar = { call: SchemaCall; parts: Part[]; ms: number };

type Data = { step?: number; call?: number; attempt?: number; calls?: string[] };

/** The calls of a run as bars, from its events; `now` ends what is at work. */
export function bars(calls: readonly SchemaCall[], events: readonly SchemaEvent[], now: number): { bars: Bar[]; length: number } {
  const begun = events.find(({ kind }) => kind === 'run.started') ?? events[0];
  const zero = begun ? Date.parse(begun.at) : now;
  const last = events.at(-1);
  const ended = last?.kind === 'run.ended' ? Date.parse(last.at) : undefined;
  const until = Math.max((ended ?? now) - zero, 1);
  const parts = new Map<string, Part[]>();
  for (const event of events) note(parts, event, Date.parse(event.at) - zero);
  const made = calls.map((call) => {
    const own = (parts.get(key(call)) ?? []).map((part) => (part.open ? { ...part, to: until } : part));
    const ms = call.result?.wall_ms ?? own.filter(({ what }) => what === 'working').reduce((sum, { from, to }) => sum + to - from, 0);
    return { call, parts: own, ms };
  });
  return { bars: made, length: until };
}

function key({ step, call }: Data): string {
  return `${step}.${call}`;
}

function note(parts: Map<string, Part[]>, { kind, data }: SchemaEvent, at: number): void {
  const told = data as Data;
  if (kind === 'step.planned') {
    for (const call of (told.calls ?? []).keys()) {
      parts.set(key({ step: told.step, call }), [{ what: 'waiting', from: at, to: at, open: true, attempt: 0 }]);
    }
    return;
  }
  if (kind !== 'call.started' && kind !== 'call.ended') return;
  const own = parts.get(key(told)) ?? [];
  const last = own.at(-1);
  if (last?.open) {
    last.to = at;
    last.open = false;
  }
  if (kind === 'call.started') own.push({ what: 'working', from: at, to: at, open: true, attempt: told.attempt ?? 0 });
  parts.set(key(told), own);
}
