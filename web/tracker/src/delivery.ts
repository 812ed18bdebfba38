/** Brings events to the service. Each stays in the queue until an answer says that it arrived; sent again, its id counts once. */
import { pageId } from "./events";
import type { SentEvent } from "./events";
import { address, prefix, silent } from "./settings";
import { storage, store } from "./storage";

/** Milliseconds. */
const SOON = 1000;
const MINUTE = 60_000;
const MOST_KEPT = 1000;
/** Events in a batch. */
const MOST = 25;
/** Characters: browsers let 64 KB outlive their page, and a character may be three bytes. */
const SMALL = 20_000;

const SLOTS = `${prefix}unsent:`;
/** What this page has not brought yet: other tabs have slots of their own, so none overwrites another's. */
const SLOT = SLOTS + pageId;

let queue: SentEvent[] = [];
/** A batch is on its way, or waits for its time. */
let busy = false;
let failures = 0;
/** Until when the service asked to wait. */
let notBefore = 0;
/** The last event that went by beacon. */
let lastTold: SentEvent | undefined;
/** What the service may at most have taken for the time of the last event that it has. */
let reached = 0;

/** Take an event along with the next batch. */
export function send(one: SentEvent): void {
  if (silent) return;
  queue = [...queue, one].slice(-MOST_KEPT);
  begin();
}

/** Take up what earlier pages could not bring. */
export function takeUp(): void {
  for (const name in storage) {
    if (name.startsWith(SLOTS)) {
      const text = storage[name]!;
      store(name);
      queue.unshift(...(JSON.parse(text) as SentEvent[]));
    }
  }
  keep();
  begin();
}

/** The page may be gone in a moment: tell all by beacon. Whether that arrives nobody says, so it is kept until an answer does. */
export function tellAll(): void {
  keep();
  const last = queue[queue.length - 1];
  if (last === lastTold || Date.now() < notBefore) return;
  lastTold = last;
  for (let from = 0; from < queue.length; from += MOST) {
    const batch = queue.slice(from, from + MOST);
    navigator.sendBeacon(address, body(batch, sentAt(batch)));
  }
}

function begin(): void {
  if (!busy && queue[0]) wait(SOON);
}

function wait(milliseconds: number): void {
  busy = true;
  setTimeout(sendBatch, milliseconds);
}

async function sendBatch(): Promise<void> {
  const batch = queue.slice(0, MOST);
  const sent = sentAt(batch);
  const text = body(batch, sent);
  const answer = await fetch(address, { method: "POST", body: text, keepalive: text.length < SMALL }).catch(() => null);
  busy = false;
  if (answer && answer.status < 500 && answer.status !== 429) {
    if (!answer.ok) console.warn(answer);
    queue = queue.filter((one) => !batch.includes(one));
    failures = 0;
    reached = time(batch[batch.length - 1]) + Date.now() - sent;
    begin();
  } else {
    const asked = (Number(answer?.headers.get("retry-after")) || 0) * 1000;
    notBefore = Date.now() + asked;
    wait(Math.max(asked, Math.min(MINUTE, SOON * 2 ** failures++)));
  }
  keep();
}

/**
 * When a batch says that it was sent: now, or earlier. The service takes `received - (sent_at - timestamp)` for the time of an
 * event, so one that travelled long comes to lie later, and a fast batch after a slow one would overtake it. More than a minute is
 * no slow request, but a clock that was put right.
 */
function sentAt(batch: SentEvent[]): number {
  return Date.now() - Math.min(MINUTE, Math.max(0, reached - time(batch[0])));
}

const time = (one?: SentEvent): number => +new Date(one!.timestamp);

/** A batch as JSON. Half a character, as a text that was cut within an emoji ends with, is none to the service. */
function body(batch: SentEvent[], sent: number): string {
  return JSON.stringify({ events: batch.map((one) => ({ ...one, sent_at: new Date(sent) })) }).replace(/\\ud[89a-f]../g, "?");
}

function keep(): void {
  store(SLOT, queue[0] && JSON.stringify(queue));
}
