import type { ListedArtifact } from '../expected';

// By the host's own list of media types; what a plugin claims is not asked.
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml', 'image/bmp']);

export function isImage(file: ListedArtifact): boolean {
  return IMAGES.has(file.media_type);
}

export function isTable(file: ListedArtifact): boolean {
  return file.media_type === 'text/csv' || file.media_type === 'text/tab-separated-values';
}

/** Rows of a table: commas or tabs between cells, quotes around those that hold them. */
export function cells(text: string, most: number): string[][] {
  const between = /^[^\n]*\t/.test(text) ? '\t' : /^[^\n,]*;/.test(text) ? ';' : ',';
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let place = 0; place < text.length && rows.length < most; place += 1) {
    const sign = text[place];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[place + 1] === '"') {
        cell += '"';
        place += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === '') quoted = true;
    else if (sign === between) {
      row.push(cell);
      cell = '';
    } else if (sign === '\n') {
      rows.push([...row, cell.replace(/\r$/, '')]);
      row = [];
      cell = '';
    } else cell += sign;
  }
  if (rows.length < most && (cell !== '' || row.length)) rows.push([...row, cell]);
  return rows;
}
