/** Who looks: a key, or tokens of the configured issuer; kept by this tab alone until it closes, never in an address. */
import { issuerOf } from "./config";

const KEY = "streamgauge.key";
const TOKENS = "streamgauge.tokens";

/** A token is renewed this long before it ends: a request takes its time, and clocks differ. */
const AHEAD = 30_000;

export interface Tokens {
  token: string;
  /** When it ends, in milliseconds of this machine's clock. */
  until: number;
  refresh?: string | undefined;
  /** The ID token, by which the issuer knows whom to sign out. */
  hint?: string | undefined;
}

let told: (message: string) => void = () => undefined;
let renewing: Promise<string> | undefined;

export function signedIn(): boolean {
  return sessionStorage.getItem(KEY) !== null || sessionStorage.getItem(TOKENS) !== null;
}

/** What opens the API now, empty for nothing; a token that ends is renewed first. Rejects when the issuer cannot be reached. */
export async function credential(): Promise<string> {
  const tokens = kept();
  if (!tokens) return sessionStorage.getItem(KEY) ?? "";
  return tokens.until - Date.now() > AHEAD ? tokens.token : renewed();
}

/** Renew the token, once for all who ask at the same time; empty, and signed out, when the issuer gives none any more. */
export function renewed(): Promise<string> {
  renewing ??= renew().finally(() => (renewing = undefined));
  return renewing;
}

async function renew(): Promise<string> {
  const [tokens, issuer] = [kept(), await issuerOf()];
  if (!tokens || !issuer) return "";
  const { Ended, renew: ask } = await import("./issuer");
  try {
    const fresh = await ask(issuer, tokens);
    // Signed out in the meantime: nothing is kept.
    if (!kept()) return "";
    signInWith(fresh);
    return fresh.token;
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    forget("Your sign-in has ended. Sign in again.");
    return "";
  }
}

export function hasTokens(): boolean {
  return kept() !== null;
}

function kept(): Tokens | null {
  return JSON.parse(sessionStorage.getItem(TOKENS) ?? "null") as Tokens | null;
}

export function signIn(key: string): void {
  sessionStorage.setItem(KEY, key);
}

export function signInWith(tokens: Tokens): void {
  sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
}

/** Forget who looks, and say why. */
export function forget(message = ""): void {
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(TOKENS);
  told(message);
}

/** Sign out, at the issuer too. */
export async function signOut(): Promise<void> {
  const [tokens, issuer] = [kept(), await issuerOf()];
  forget();
  if (!tokens || !issuer) return;
  const { farewell } = await import("./issuer");
  const to = await farewell(issuer, tokens).catch(() => null);
  if (to) location.assign(to);
}

/** Hear of a sign-out, with its reason. */
export function onSignOut(hear: (message: string) => void): void {
  told = hear;
}
