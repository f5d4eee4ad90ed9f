import { api, ask } from '../api';
import { type Problem, problemOf } from '../problem';
import type { SchemaPlugin, SchemaShippedPlugin } from '../schema';

/** A plugin that lies beside the host, and what became of it. */
export class Offer {
  readonly file: string;
  sending = $state(false);
  plugin = $state.raw<SchemaPlugin>();
  problem = $state.raw<Problem>();

  constructor({ file }: SchemaShippedPlugin) {
    this.file = file;
  }

  /** Has the host take it; again does no harm. */
  async take(): Promise<void> {
    this.sending = true;
    this.problem = undefined;
    try {
      const path = { file: this.file };
      this.plugin = await ask(api.POST('/v1/shipped-plugins/{file}', { params: { path } }));
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.sending = false;
  }
}
