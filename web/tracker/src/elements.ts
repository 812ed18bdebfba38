/** Custom events: by a call, or by attributes of the element that is clicked or sent. */
import { send } from "./delivery";
import { event } from "./events";
import { listen } from "./listening";

const ATTRIBUTE = "data-streamgauge-";

/** Tell of something that happened, with properties as they are now; `interactive: false` leaves a bounce a bounce. */
export function track(name: string, properties?: Record<string, unknown>, more?: { interactive?: boolean }): void {
  let copy: Record<string, unknown> | undefined;
  try {
    copy = JSON.parse(JSON.stringify(properties)) as Record<string, unknown>;
  } catch {
    // There are none, or they cannot be JSON.
  }
  send(event(name, { properties: copy, ...more }));
}

/** Hear clicks on elements, and forms that are sent, that have `data-streamgauge-event`. */
export function followElements(): void {
  listen(window, "click submit", heard);
}

function heard({ type, target }: Event): void {
  const element = (target as Element).closest?.(`${type === "submit" ? "form" : ":not(form)"}[${ATTRIBUTE}event]`);
  if (!element) return;
  const properties: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    const [, property] = name.split(ATTRIBUTE);
    if (property) properties[property] = value;
  }
  const { event: name, ...rest } = properties;
  if (name) track(name, rest);
}
