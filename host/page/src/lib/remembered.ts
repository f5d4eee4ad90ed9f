import { base } from './base';

/** Something kept in the browser, as far as it lets us: a full or forbidden storage keeps nothing. */
export function remembered(storage: Storage, key: string) {
  const name = `simulay${base}:${key}`;
  return {
    read(): string | undefined {
      try {
        return storage.getItem(name) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write(value: string | undefined): void {
      try {
        if (value === undefined) storage.removeItem(name);
        else storage.setItem(name, value);
      } catch {
        // The page works without it.
      }
    },
  };
}
