/** Whether somebody looks at this tab. */
class Visible {
  now = $state(!document.hidden);

  constructor() {
    const look = () => (this.now = !document.hidden);
    document.addEventListener('visibilitychange', look);
    addEventListener('pageshow', look);
  }
}

export const visible = new Visible();
