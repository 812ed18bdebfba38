/** `localStorage`; a page in a sandbox, an app that shows pages, or a browser that is told so, has none: then what is kept lives as long as the page. */
export let storage: Record<string, string>;

try {
  storage = (localStorage as unknown as Record<string, string>) || {};
} catch {
  storage = {};
}

/** Keep a text under a name; nothing: forget it. */
export function store(name: string, text?: string | false | null): void {
  delete storage[name];
  try {
    if (text) storage[name] = text;
  } catch {
    // It is full.
  }
}
