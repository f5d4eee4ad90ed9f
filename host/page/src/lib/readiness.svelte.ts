import { api, ask } from './api';
import type { Problem } from './problem';
import { resource } from './resource.svelte';
import type { SchemaHealth, SchemaLack } from './schema';
import { onNews } from './stream/news.svelte';

/** Whether the host takes work, and what it cannot reach, as it is by now. */
export type Readiness = {
  readonly value: SchemaHealth | undefined;
  readonly problem: Problem | undefined;
  readonly lacks: readonly SchemaLack[];
  reload: () => void;
};

/** Asks for it, and again whenever it changed. For components. */
export function readiness(): Readiness {
  const asked = resource(() => (signal) => ask(api.GET('/readyz', { signal })));
  const reload = () => void asked.reload();
  onNews('system', reload);
  onNews('reset', reload);
  return {
    get value() {
      return asked.value;
    },
    get problem() {
      return asked.problem;
    },
    get lacks() {
      return asked.problem?.missing ?? asked.value?.missing ?? [];
    },
    reload,
  };
}
