/** Sign in with a key, or at the issuer that the stage is configured with. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, call, whyWaiting } from "./calls";
import type { Issuer } from "./config";
import { issuerOf } from "./config";
import { forget, signIn, signInWith, signedIn } from "./session";
import { ThemeButton } from "./theme";

/** Whether the browser has just come back from the issuer. */
export function isArriving(): boolean {
  const told = new URLSearchParams(location.search);
  return told.has("state") && (told.has("code") || told.has("error"));
}

/** Finish what was begun at the issuer; `failed` says why it did not work. */
export function Arriving({ done, failed }: { done: () => void; failed: (reason: string) => void }) {
  useEffect(() => {
    const finish = async () => {
      const issuer = await issuerOf();
      if (!issuer) throw new Error("No issuer is configured any more.");
      const { arrive } = await import("./issuer");
      signInWith(await arrive(issuer));
    };
    finish().then(done, (error: unknown) => failed(`You are not signed in: ${error instanceof Error ? error.message : "that failed"}`));
  }, []);
  return (
    <Front>
      <p role="status" class="note">
        Signing in …
      </p>
    </Front>
  );
}

export function SignIn({ reason, done }: { reason: string; done: () => void }) {
  const [said, setSaid] = useState(reason);
  const [busy, setBusy] = useState(false);
  const [issuer, setIssuer] = useState<Issuer | null>(null);
  useEffect(() => void issuerOf().then(setIssuer), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget as HTMLFormElement).get("key") ?? "").trim();
    if (!key) {
      setSaid("Enter a key first.");
      return;
    }
    setBusy(true);
    setSaid("");
    signIn(key);
    try {
      await call("/api/v1/sites?limit=1", { waiting: (waiting) => waiting && setSaid(whyWaiting(waiting)) });
      done();
    } catch (error) {
      const failed = error instanceof ApiError ? error : null;
      if (signedIn()) forget();
      setSaid(failed?.status === 403 ? "This key may not read figures: use one of the scope read or admin." : (failed?.message ?? "That failed."));
    } finally {
      setBusy(false);
    }
  };
  const leave = async () => {
    if (!issuer) return;
    setBusy(true);
    setSaid("");
    try {
      await (await import("./issuer")).leave(issuer);
    } catch {
      setBusy(false);
      setSaid(`${new URL(issuer.issuer).host} cannot be asked. Check the connection; if that is not it, the stage's JWT_ISSUER and JWT_ORIGINS.`);
    }
  };
  return (
    <Front>
      <p role="alert" class="bad">
        {said}
      </p>
      {issuer && (
        <>
          <button type="button" class="primary" disabled={busy} onClick={() => void leave()}>
            Sign in at {new URL(issuer.issuer).host}
          </button>
          <p class="or">or</p>
        </>
      )}
      <form onSubmit={submit}>
        <label for="key">Key</label>
        <input id="key" name="key" type="password" autoComplete="off" spellcheck={false} required aria-describedby="key-help" />
        <p id="key-help" class="hint">
          A key of the scope <code>read</code> or <code>admin</code>. It stays in this tab until you close it. On a laptop it stands in <code>endpoints.json</code>.
        </p>
        <button type="submit" class={issuer ? "" : "primary"} disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </Front>
  );
}

function Front({ children }: { children: preact.ComponentChildren }) {
  return (
    <main class="sign-in">
      <div class="corner">
        <ThemeButton />
      </div>
      <img src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Streamgauge</h1>
      <div class="card">{children}</div>
    </main>
  );
}
