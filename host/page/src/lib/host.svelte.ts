import type { SchemaMe } from './schema';

/** What the page knows of the host it talks to, from any answer. */
class Host {
  /** The version of the first answer: the one this page came with. */
  version = $state<string>();
  /** True once the host is of another version than this page. */
  changed = $state(false);
  /** Who asks, once known. */
  me = $state<SchemaMe>();
  /** True when the last answer said that nobody is signed in. */
  signedOut = $state(false);

  heard(response: Response): void {
    const version = response.headers.get('simulay-version');
    if (version && !this.version) this.version = version;
    else if (version && version !== this.version) this.changed = true;
    if (response.status === 401) this.signedOut = true;
  }

  /** True when the route of this name would not be refused for the role; all are until it is known. */
  may(route: string): boolean {
    return !this.me?.rights || this.me.rights.includes(route as never);
  }
}

export const host = new Host();
