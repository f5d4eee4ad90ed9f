// A line of a log as it is shown: every byte accounted for, nothing of it obeyed.

/** A piece of a line. */
export type Piece = { text: string; hit: boolean };

// CSI, OSC and two-byte sequences of terminals.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
// Characters that would reorder what is around them.
const BIDI = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The most hits that are marked in one line. */
const MOST_MARKS = 4;

/** Words by which the first error of a log is found. */
const ERROR = /\b(?:error|fatal|panic(?:ked)?|traceback|segmentation fault|undefined near|exception)\b/i;

/** The text of a line: colours of terminals left out, other control characters as pictures. */
export function shown(line: string): string {
  return line.replace(ESCAPES, '').replace(CONTROLS, picture).replace(BIDI, '\ufffd');
}

function picture(control: string): string {
  const code = control.charCodeAt(0);
  return String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
}

/** A line cut at what was searched for. */
export function pieces(line: string, wanted: string): Piece[] {
  if (wanted === '') return [{ text: line, hit: false }];
  const found: Piece[] = [];
  const [hay, needle] = [lower(line), lower(wanted)];
  let at = 0;
  for (let marks = 0; marks < MOST_MARKS; marks += 1) {
    const hit = hay.indexOf(needle, at);
    if (hit < 0) break;
    if (hit > at) found.push({ text: line.slice(at, hit), hit: false });
    found.push({ text: line.slice(hit, hit + needle.length), hit: true });
    at = hit + needle.length;
  }
  if (at < line.length || found.length === 0) found.push({ text: line.slice(at), hit: false });
  return found;
}

// Only ASCII: other letters may change their length.
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether a line looks like the report of an error. */
export function isError(line: string): boolean {
  return ERROR.test(line);
}

/** `#L1200-1210` as lines from 1, both included. */
export function parseLines(hash: string): [number, number] | undefined {
  const found = /^#?L(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(hash);
  if (!found) return undefined;
  const first = Number(found[1]);
  const last = found[2] === undefined ? first : Number(found[2]);
  return first < 1 ? undefined : [Math.min(first, last), Math.max(first, last)];
}

/** Lines as part of a link. */
export function formatLines(first: number, last: number): string {
  return first === last ? `#L${first}` : `#L${Math.min(first, last)}-${Math.max(first, last)}`;
}
