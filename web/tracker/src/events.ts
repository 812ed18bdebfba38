/** Events in the shape of `POST /api/v1/analytics/event/batch`. */
import { identity, randomId } from "./identity";
import type { Identity } from "./identity";

export interface SentEvent extends Identity {
  event_type: string;
  event_id: string;
  /** A text once it was kept in the storage. */
  timestamp: Date | string;
  url: string;
  referrer: string;
  title: string;
  screen: string;
  language: string;
  session_id?: string;
  video_id?: string;
  interactive?: boolean | undefined;
  properties?: Record<string, unknown> | undefined;
}

/** This load of the page. Lives in memory alone. */
export const pageId = randomId();

/** The page that is looked at: its address, and from where it was reached. */
export const page = { url: "", referrer: document.referrer };

/** The service takes titles up to this length. */
export const title = (): string => document.title.slice(0, 1000);

let made = 1e6;

/** Make an event of this moment. Events of one millisecond are counted in the order of their ids, so ids sort as they are made. */
export function event(event_type: string, more?: Partial<SentEvent>): SentEvent {
  return {
    event_type,
    event_id: `${pageId}-${made++}`,
    timestamp: new Date(),
    ...page,
    title: title(),
    screen: `${screen.width}x${screen.height}`,
    language: navigator.language,
    ...identity,
    ...more,
  };
}
