import type { Attachment } from 'svelte/attachments';

/** What scrolls is reached by keys: it is a stop of Tab as long as it is wider or higher than its place. */
export const scrolls: Attachment<HTMLElement> = (element) => {
  const look = () => {
    const over = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight;
    if (over) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  };
  const observer = new ResizeObserver(look);
  observer.observe(element);
  for (const child of element.children) observer.observe(child);
  look();
  return () => observer.disconnect();
};
