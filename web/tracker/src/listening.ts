/** Hear events, by their names with blanks between, on their way down: so those that do not bubble are heard as well. */
export function listen(to: EventTarget, names: string, heard: (event: Event) => void): void {
  for (const name of names.split(" ")) to.addEventListener(name, heard, true);
}
