/** Signing in at an OpenID Connect issuer: authorization code with PKCE, as a public client. Loaded only where one is configured. */
import * as oauth from "oauth4webapi";
import type { Issuer } from "./config";
import type { Tokens } from "./session";

/** What has to be remembered while the browser is away at the issuer. */
const PENDING = "streamgauge.signing-in";

interface Pending {
  verifier: string;
  state: string;
  nonce: string;
  /** Where in the page to go on. */
  hash: string;
}

/** The address that the issuer knows this page by. */
const REDIRECT = `${location.origin}/`;

let known: Promise<oauth.AuthorizationServer> | undefined;

/** An issuer on this machine may speak plain http; every other has to use https. */
function options(issuer: Issuer) {
  return { [oauth.allowInsecureRequests]: ["127.0.0.1", "localhost"].includes(new URL(issuer.issuer).hostname) };
}

function serverOf(issuer: Issuer): Promise<oauth.AuthorizationServer> {
  const at = new URL(issuer.issuer);
  known ??= oauth.discoveryRequest(at, options(issuer)).then((answer) => oauth.processDiscoveryResponse(at, answer));
  known.catch(() => (known = undefined));
  return known;
}

const clientOf = (issuer: Issuer): oauth.Client => ({ client_id: issuer.client_id });

/** Leave for the issuer. Throws when it cannot be asked. */
export async function leave(issuer: Issuer): Promise<void> {
  const server = await serverOf(issuer);
  if (!server.authorization_endpoint) throw new Error("The issuer names no address to sign in at.");
  const pending: Pending = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), hash: location.hash };
  const to = new URL(server.authorization_endpoint);
  const asked = {
    client_id: issuer.client_id,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: issuer.scopes,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
    // Issuers that make access tokens for several APIs are told for which one; others pass over it.
    ...(issuer.token === "access_token" ? { audience: issuer.audience } : {}),
  };
  for (const [name, value] of Object.entries(asked)) to.searchParams.set(name, value);
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  location.assign(to);
}

/** Take what the issuer sent back in the address, and clear the address of it. Throws when it is refused. */
export async function arrive(issuer: Issuer): Promise<Tokens> {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null") as Pending | null;
  const came = new URL(location.href);
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", `/${pending?.hash ?? ""}`);
  if (!pending) throw new Error("This tab did not ask to sign in; sign in again.");
  const server = await serverOf(issuer);
  const client = clientOf(issuer);
  const parameters = oauth.validateAuthResponse(server, client, came, pending.state);
  const answer = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, REDIRECT, pending.verifier, options(issuer));
  const checks = { expectedNonce: pending.nonce, requireIdToken: true };
  return tokensOf(issuer, await oauth.processAuthorizationCodeResponse(server, client, answer, checks));
}

/** New tokens for those that end. Throws `Ended` when the issuer gives none any more. */
export async function renew(issuer: Issuer, before: Tokens): Promise<Tokens> {
  if (!before.refresh) throw new Ended();
  const server = await serverOf(issuer);
  const client = clientOf(issuer);
  try {
    const answer = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), before.refresh, options(issuer));
    const after = tokensOf(issuer, await oauth.processRefreshTokenResponse(server, client, answer));
    // Issuers that do not rotate send neither anew.
    return { ...after, refresh: after.refresh ?? before.refresh, hint: after.hint ?? before.hint };
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) throw new Ended();
    throw error;
  }
}

/** The address at which the issuer ends its own session, where it has one. */
export async function farewell(issuer: Issuer, tokens: Tokens): Promise<string | null> {
  const { end_session_endpoint: end } = await serverOf(issuer);
  if (!end) return null;
  const to = new URL(end);
  to.searchParams.set("client_id", issuer.client_id);
  to.searchParams.set("post_logout_redirect_uri", REDIRECT);
  // Cognito's own name of the same.
  to.searchParams.set("logout_uri", REDIRECT);
  if (tokens.hint) to.searchParams.set("id_token_hint", tokens.hint);
  return to.href;
}

/** Thrown when the issuer takes the refresh token no longer. */
export class Ended extends Error {}

function tokensOf(issuer: Issuer, answer: oauth.TokenEndpointResponse): Tokens {
  const token = issuer.token === "id_token" ? answer.id_token : answer.access_token;
  if (!token) throw new Ended();
  const lasts = oauth.getValidatedIdTokenClaims(answer)?.exp;
  const until = issuer.token === "id_token" && lasts ? lasts * 1000 : Date.now() + (answer.expires_in ?? 300) * 1000;
  return { token, until, refresh: answer.refresh_token, hint: answer.id_token };
}
