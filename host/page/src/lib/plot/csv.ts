// The first rows of a CSV, read without the rest of it.

/** Rows shown of a table. */
export const MOST_ROWS = 1000;

export type Table = { head: string[]; rows: string[][]; more: boolean };

/** Reads so many rows, and no more than it needs. */
export async function firstRows(body: ReadableStream<Uint8Array>, most = MOST_ROWS): Promise<Table> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = '';
  let lines = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return table(text, most, false);
    text += value;
    lines += value.split('\n').length - 1;
    if (lines <= most + 1) continue;
    await reader.cancel();
    return table(text, most, true);
  }
}

function table(text: string, most: number, more: boolean): Table {
  const [head = [], ...rows] = records(text).filter((row) => row.length > 1 || row[0] !== '');
  return { head, rows: rows.slice(0, most), more: more || rows.length > most };
}

/** Records of RFC 4180: quotes hold commas, line ends and doubled quotes. */
export function records(text: string): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    found.push(row);
    row = [];
    if (end === '') break;
  }
  return found;
}
