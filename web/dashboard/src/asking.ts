/** Reports as a view holds them: asked for, awaited, asked for again. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, call } from "./calls";
import type { Waiting } from "./calls";

export interface Asking<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  /** For what it waits until it asks again, while a store wakes up. */
  waiting: Waiting | null;
  again: () => void;
}

/** Ask for a report, anew whenever its address changes, and every `every` milliseconds while the page is seen. */
export function useApi<T>(where: string | null, every: number | undefined = 0): Asking<T> {
  const [state, setState] = useState<{ for: string | null; data: T | null; error: ApiError | null }>({ for: null, data: null, error: null });
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const [turn, setTurn] = useState(0);
  const latest = useRef<T | null>(null);
  const asked = useRef(0);
  useEffect(() => {
    if (where === null) return undefined;
    const stop = new AbortController();
    let timer = 0;
    // Asked again by hand, or since something was changed.
    let fresh = turn !== asked.current;
    asked.current = turn;
    const ask = async () => {
      if (every && document.hidden) {
        timer = setTimeout(ask, every);
        return;
      }
      try {
        const data = await call<T>(where, { fresh, signal: stop.signal, waiting: setWaiting });
        fresh = false;
        if (stop.signal.aborted) return;
        latest.current = data;
        setState({ for: where, data, error: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, String(error));
        // A live view keeps its last figures over a failed poll.
        setState((before) => ({ for: where, data: every && before.for === where ? before.data : null, error: known }));
      }
      if (every) timer = setTimeout(ask, every);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
      setWaiting(null);
    };
  }, [where, every, turn]);
  const current = state.for === where;
  return {
    // The figures before stay, dimmed, while the next ones load: nothing jumps.
    data: where === null ? null : current ? state.data : latest.current,
    error: current ? state.error : null,
    loading: where !== null && !current,
    waiting,
    again: () => {
      setState((before) => ({ ...before, for: null }));
      setTurn((number) => number + 1);
    },
  };
}
