// What can be told of a component before it is sent.

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Why a file is no component; nothing when it may be one. */
export function unfit(head: Uint8Array, size: number, most: number | undefined): string | undefined {
  if (size === 0) return 'The file is empty.';
  if (MAGIC.some((byte, place) => head[place] !== byte)) return 'This is no WebAssembly: it was not sent.';
  // The two bytes after the version tell the layer: 0 is a core module, 1 a component.
  if (head[6] === 0 && head[7] === 0) return 'This is a WebAssembly module, not a component: it was not sent.';
  if (most !== undefined && size > most) return `It is larger than this host takes (${most} bytes): it was not sent.`;
  return undefined;
}
