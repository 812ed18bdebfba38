/** Who looks: a key or a token, kept by this tab alone until it closes, never in an address. */
const KEY = "streamgauge.key";

let told: (message: string) => void = () => undefined;

export function credential(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function signIn(key: string): void {
  sessionStorage.setItem(KEY, key);
}

export function signOut(message = ""): void {
  sessionStorage.removeItem(KEY);
  told(message);
}

/** Hear of a sign-out, with its reason. */
export function onSignOut(hear: (message: string) => void): void {
  told = hear;
}
