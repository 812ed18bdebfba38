/** Who it is. Nothing unless the page says so; then an id of this browser, a user, or both. */
import { asks, prefix, silent } from "./settings";
import { storage, store } from "./storage";

const BROWSER = `${prefix}id`;
const USER = `${prefix}user`;

export interface Identity {
  anonymous_id?: string | undefined;
  user_id?: string | undefined;
}

const remembers = asks("remember") && !silent;

/** 96 random bits; `randomUUID` is not there on pages without TLS. */
export const randomId = (): string => crypto.getRandomValues(new Uint32Array(3)).join("");

export const identity: Identity = {};

if (remembers) {
  identity.anonymous_id = storage[BROWSER] || randomId();
  store(BROWSER, identity.anonymous_id);
  identity.user_id = storage[USER];
}

/** Say whose the events are from now on; nobody's: `identify()`. Kept in the browser where the tag asks to remember. */
export function identify(user?: string | number | null): void {
  // The service takes ids as texts.
  identity.user_id = user?.toString();
  if (remembers) store(USER, identity.user_id);
}
