/** What a button does at the server, and what is said of it. */
import { useState } from "preact/hooks";

export interface Acting {
  /** What is to be told: how it went, or why it failed. */
  said: string;
  busy: boolean;
  /** Do something; what it resolves to is said. */
  act: (doing: () => Promise<string>, meanwhile?: string) => Promise<void>;
}

export function useActing(): Acting {
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const act = async (doing: () => Promise<string>, meanwhile = "") => {
    setSaid(meanwhile);
    setBusy(true);
    try {
      setSaid(await doing());
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "That failed.");
    } finally {
      setBusy(false);
    }
  };
  return { said, busy, act };
}
