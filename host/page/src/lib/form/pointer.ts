// Values by JSON Pointer (RFC 6901), changed by copying: what was there before stays as it is.

export type Path = readonly (string | number)[];

/** The pointer of a path. */
export function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The steps of a pointer. */
export function steps(text: string): string[] {
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What lies at the path, if anything. */
export function at(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** The value with something else at the path; objects on the way are made. */
export function put(value: unknown, path: Path, what: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return what;
  if (Array.isArray(value)) return value.map((item, index) => (index === Number(step) ? put(item, rest, what) : item));
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return { ...object, [step]: put(object[step], rest, what) };
}

/** The value without what lies at the path; an item of a list leaves the list. */
export function without(value: unknown, path: Path): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    if (rest.length === 0) return value.filter((_, index) => index !== Number(step));
    return value.map((item, index) => (index === Number(step) ? without(item, rest) : item));
  }
  if (!Object.hasOwn(value, step)) return value;
  const { [step]: inner, ...others } = value as Record<string, unknown>;
  return rest.length === 0 ? others : put(value, [step], without(inner, rest));
}

/** True when both are the same JSON; the order of names in objects does not count. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return (
    names.length === others.length &&
    names.every((name) => Object.hasOwn(other, name) && same(one[name as never], other[name as never]))
  );
}
