import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const fetched = vi.hoisted(() => vi.fn());
vi.mock('../api', () => ({ fetched }));

import { LogBuffer } from './buffer';
import { type Reading, read } from './source';

const encoder = new TextEncoder();

/** An answer that says so much and then ends, or breaks off. */
function answer(text: string, { attempt = '0', broken = false, status = 200, headers = {} } = {}): Response {
  const body = new ReadableStream<Uint8Array>({
    start(to) {
      to.enqueue(encoder.encode(text));
      if (!broken) to.close();
    },
    pull(to) {
      if (broken) to.error(new Error('cut off'));
    },
  });
  return new Response(body, { status, headers: { 'simulay-attempt': attempt, ...headers } });
}

function reading() {
  const buffer = new LogBuffer();
  const states: (Reading | 'anew')[] = [];
  const words: string[] = [];
  const stop = new AbortController();
  const told = {
    grew: () => undefined,
    anew: () => void states.push('anew'),
    state: (now: Reading, why?: string) => {
      if (states.at(-1) !== now) states.push(now);
      if (why) words.push(why);
    },
  };
  const done = read('/log', buffer, { number: null }, told, stop.signal);
  const text = () => Array.from({ length: buffer.lines }, (_, line) => buffer.text(line).text);
  return { done, states, words, text, stop };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  fetched.mockReset();
});

describe('a log that is read', () => {
  it('goes on where it broke off', async () => {
    fetched.mockResolvedValueOnce(answer('one\ntw', { broken: true })).mockResolvedValueOnce(answer('o\nthree\n'));
    const { done, states, text } = reading();
    await vi.runAllTimersAsync();
    await done;
    expect(text()).toEqual(['one', 'two', 'three']);
    expect(fetched.mock.calls.map(([address]) => address)).toEqual(['/log', '/log?from=6']);
    expect(states).toEqual(['reading', 'waiting', 'reading', 'ended']);
  });

  it('begins anew when another attempt prints', async () => {
    fetched
      .mockResolvedValueOnce(answer('first attempt\n', { broken: true }))
      .mockResolvedValueOnce(answer('tail', { attempt: '1' }))
      .mockResolvedValueOnce(answer('second attempt\n', { attempt: '1' }));
    const { done, states, text } = reading();
    await vi.runAllTimersAsync();
    await done;
    expect(text()).toEqual(['second attempt']);
    expect(states).toContain('anew');
    expect(fetched.mock.calls.at(-1)?.[0]).toBe('/log');
  });

  it('waits as long as it is told to', async () => {
    const busy = new Response('{}', { status: 429, headers: { 'retry-after': '5' } });
    fetched.mockResolvedValueOnce(busy).mockResolvedValueOnce(answer('there\n'));
    const { done, text } = reading();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(fetched).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await done;
    expect(text()).toEqual(['there']);
  });

  it('says why it is refused, and asks no more', async () => {
    const refusal = { kind: 'not_found', detail: 'there is no such call' };
    fetched.mockResolvedValueOnce(new Response(JSON.stringify(refusal), { status: 404 }));
    const { done, states, words } = reading();
    await done;
    expect([states, words]).toEqual([['refused'], ['there is no such call']]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('stops when nobody looks any more', async () => {
    fetched.mockRejectedValue(new Error('away'));
    const { done, stop } = reading();
    await vi.advanceTimersByTimeAsync(10_000);
    stop.abort();
    await done;
    const asked = fetched.mock.calls.length;
    await vi.advanceTimersByTimeAsync(100_000);
    expect(fetched).toHaveBeenCalledTimes(asked);
  });
});
