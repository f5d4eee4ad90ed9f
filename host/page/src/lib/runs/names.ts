/** What a run is called: its name, or the end of its id. */
export function nameOf(run: { id: string; name?: string | null }): string {
  return run.name || run.id.slice(-12);
}
