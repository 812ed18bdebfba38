/** Sign in with a key, or at the issuer that the stage is configured with. */
import { useState } from "preact/hooks";
import { ApiError, call } from "./api";
import { credential, signIn, signOut } from "./session";
import { ThemeButton } from "./theme";

export function SignIn({ reason, done }: { reason: string; done: () => void }) {
  const [said, setSaid] = useState(reason);
  const [busy, setBusy] = useState(false);
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
      await call("/api/v1/sites?limit=1", { waiting: (seconds) => seconds && setSaid("The database is waking up; one moment …") });
      done();
    } catch (error) {
      const failed = error instanceof ApiError ? error : null;
      if (credential()) signOut();
      setSaid(failed?.status === 403 ? "This key may not read figures: use one of the scope read or admin." : (failed?.message ?? "That failed."));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <div class="corner">
        <ThemeButton />
      </div>
      <img src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Streamgauge</h1>
      <form onSubmit={submit}>
        <label for="key">Key</label>
        <input id="key" name="key" type="password" autoComplete="off" spellcheck={false} required aria-describedby="key-help" />
        <p id="key-help" class="hint">
          A key of the scope <code>read</code> or <code>admin</code>. It stays in this tab until you close it. On a laptop it stands in <code>endpoints.json</code>.
        </p>
        <p role="alert" class="bad">
          {said}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
