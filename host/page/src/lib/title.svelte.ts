import { type Tone, look } from './states';

// Accent, good, bad and grey of the icon in the tab; a data URL, since an icon of the page has no tokens.
const COLOURS: Record<Tone, string> = {
  busy: '#2f5fd0',
  good: '#1d7a4f',
  bad: '#c2342f',
  warn: '#9a6a10',
  still: '#5d6577',
};

/** What the tab says: the title of the screen, and the state of the run that it shows. */
class Title {
  #text = '';
  #state: string | undefined;
  #plain: string | undefined;

  show(text: string): void {
    this.#text = text;
    this.#write();
  }

  /** The state of what is shown, until the function it gives back is called. */
  state(state: string | undefined): () => void {
    this.#state = state;
    this.#write();
    return () => {
      this.#state = undefined;
      this.#write();
    };
  }

  #write(): void {
    const words = [this.#state && look(this.#state).word, this.#text, 'Simulay'];
    document.title = words.filter(Boolean).join(' · ');
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link) return;
    this.#plain ??= link.href;
    link.href = this.#state ? icon(this.#state) : this.#plain;
  }
}

function icon(state: string): string {
  const colour = COLOURS[look(state).tone];
  const marks: Record<string, string> = {
    succeeded: '<path d="m9 17 5 5 10-11"/>',
    failed: '<path d="m10 10 12 12M22 10 10 22"/>',
    running: '<path d="M16 7a9 9 0 0 1 9 9"/><circle cx="16" cy="16" r="9" opacity=".4"/>',
  };
  const mark = marks[state] ?? '<path d="M16 9v7l5 3"/>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="16" fill="${colour}"/><g fill="none" stroke="#fff" stroke-width="3.500" stroke-linecap="round" stroke-linejoin="round">${mark}</g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export const title = new Title();
