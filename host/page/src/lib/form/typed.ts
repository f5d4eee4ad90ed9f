/** A number as one types it: `0.05`, `9.7e-5`; it reads back as the same number. */
export function typed(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e7) ? value.toExponential().replace('e+', 'e') : String(value);
}

/** What is between commas, semicolons, spaces and lines: a column of a table, a row, or both. */
export function numbersIn(text: string): { values: number[] } | { wrong: string; place: number } {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const values: number[] = [];
  for (const [index, word] of words.entries()) {
    const value = Number(word.replace('−', '-'));
    if (!Number.isFinite(value)) return { wrong: word.slice(0, 40), place: index + 1 };
    values.push(value);
  }
  return { values };
}

/** A file of 128 random and clock bits: UUID version 7 (RFC 9562), which sorts by time. */
export function uuid7(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = now;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
