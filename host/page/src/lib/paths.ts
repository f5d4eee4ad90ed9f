/** What the variable parts of a path are, by their names. */
export type Params = Readonly<Record<string, string | undefined>>;

/** The paths like this one, in which a part that begins with `:` stands for any. */
export function pattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`);
}

/** The variable parts of a path, as they were before they stood in an address; none when it is not like the pattern. */
export function params(pattern: RegExp, path: string): Params | undefined {
  const found = pattern.exec(path);
  if (!found) return undefined;
  try {
    return Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, part]) => [name, decodeURIComponent(part)]));
  } catch {
    // What was never encoded is no path of ours.
    return undefined;
  }
}
