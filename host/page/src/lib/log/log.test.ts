import { describe, expect, it } from 'vitest';
import { LogBuffer } from './buffer';
import { formatLines, isError, parseLines, pieces, shown } from './line';
import { Hits, nextHit, search } from './search';
import { type Frame, lastTop, scrollFor, TALLEST, topAfter, trackHeight } from './window';

const encoder = new TextEncoder();
const buffer = (...chunks: (string | number[])[]) => {
  const made = new LogBuffer();
  for (const chunk of chunks) made.append(typeof chunk === 'string' ? encoder.encode(chunk) : Uint8Array.from(chunk));
  return made;
};
const lines = (log: LogBuffer) => Array.from({ length: log.lines }, (_, line) => log.text(line).text);

describe('the lines of a log', () => {
  it('are the same however the bytes come', () => {
    const text = 'one\ntwo\r\n\nfour ü\nfive';
    const bytes = encoder.encode(text);
    for (let size = 1; size <= bytes.length; size += 1) {
      const log = new LogBuffer();
      for (let at = 0; at < bytes.length; at += size) log.append(bytes.subarray(at, at + size));
      expect(lines(log)).toEqual(['one', 'two', '', 'four ü', 'five']);
    }
  });

  it('lose nothing to odd bytes', () => {
    const log = buffer('+ < & >\n', [0xc3], '\n', 'a\rb\n', [0], 'x\n', '\u001b[31mred\u001b[0m\n', '\u202eevil');
    expect(lines(log).map(shown)).toEqual(['+ < & >', '\ufffd', 'a␍b', '␀x', 'red', '\ufffdevil']);
  });

  it('are found by their bytes', () => {
    const log = buffer('ab\ncd\n\nef');
    expect([0, 2, 3, 6, 7, 8].map((at) => log.lineAt(at))).toEqual([0, 0, 1, 2, 3, 3]);
  });

  it('are cut when they are endless, and say so', () => {
    const log = buffer('x'.repeat(100));
    expect(log.text(0, 10)).toEqual({ text: 'x'.repeat(10), more: 90 });
  });

  it('end where the page holds no more', () => {
    const log = new LogBuffer(5);
    expect(log.append(encoder.encode('123456789'))).toBe(5);
    expect(log.full).toBe(true);
    expect(log.text(0).text).toBe('12345');
  });

  it('are a million without delay', () => {
    const log = buffer('step 000001 residual 1.0e-3 of the solver, going on\n'.repeat(1_000_000));
    expect(log.lines).toBe(1_000_000);
    expect(log.text(999_999).text).toContain('going on');
  });
});

describe('search', () => {
  const found = async (log: LogBuffer, wanted: string) => {
    const hits = new Hits();
    await search(log, wanted, hits);
    return hits.lines;
  };

  it('finds lines whatever the case, each once', async () => {
    const log = buffer('Error: a error\nfine\nERROR again\n');
    expect(await found(log, 'error')).toEqual([0, 2]);
    expect(await found(log, 'nothing')).toEqual([]);
    expect(await found(log, '')).toEqual([]);
  });

  it('finds what lies across slices and what comes later', async () => {
    const log = buffer('x'.repeat(4 * 1024 * 1024 - 2), 'needle');
    expect(await found(log, 'needle')).toEqual([0]);
    const hits = new Hits();
    const growing = buffer('a nee');
    await search(growing, 'needle', hits);
    growing.append(encoder.encode('dle\nneedle'));
    await search(growing, 'needle', hits);
    expect(hits.lines).toEqual([0, 1]);
  });

  it('goes on around the ends', () => {
    const hits = [3, 8, 20];
    expect(nextHit(hits, 3, true)).toBe(1);
    expect(nextHit(hits, 20, true)).toBe(0);
    expect(nextHit(hits, 3, false)).toBe(2);
    expect(nextHit(hits, 10, false)).toBe(1);
    expect(nextHit([], 1, true)).toBe(-1);
  });
});

describe('a line', () => {
  it('is cut at what was searched for', () => {
    expect(pieces('an Error here', 'error')).toEqual([
      { text: 'an ', hit: false },
      { text: 'Error', hit: true },
      { text: ' here', hit: false },
    ]);
    expect(pieces('', 'a')).toEqual([{ text: '', hit: false }]);
  });

  it('has an address', () => {
    expect(parseLines('#L1200-1210')).toEqual([1200, 1210]);
    expect(parseLines('#L7')).toEqual([7, 7]);
    expect(parseLines('#L9-L3')).toEqual([3, 9]);
    expect([parseLines('#L0'), parseLines('#Lx'), parseLines('')]).toEqual([undefined, undefined, undefined]);
    expect(formatLines(5, 3)).toBe('#L3-5');
  });

  it('tells an error from what only looks alike', () => {
    expect(isError("error: 'x' undefined")).toBe(true);
    expect(isError('terror and mirrors')).toBe(false);
  });
});

describe('the window', () => {
  const short: Frame = { lines: 100, row: 20, height: 400 };
  const long: Frame = { lines: 10_000_000, row: 20, height: 400 };

  it('never asks for more than browsers scroll', () => {
    expect(trackHeight(short)).toBe(2000);
    expect(trackHeight(long)).toBe(TALLEST);
  });

  it('reaches both ends', () => {
    for (const frame of [short, long]) {
      expect(topAfter(frame, 50, 900, 0)).toBe(0);
      expect(topAfter(frame, 50, 0, trackHeight(frame) - frame.height)).toBe(lastTop(frame));
      expect(scrollFor(frame, lastTop(frame))).toBe(trackHeight(frame) - frame.height);
    }
  });

  it('moves by the wheel as far in a long list as in a short one', () => {
    expect(topAfter(long, 5_000_000, 6_000_000, 6_000_100)).toBe(5_000_005);
    expect(topAfter(short, 10, 200, 300)).toBe(15);
  });
});
