/** Calls of the API: the key goes along, stores that are waking up are waited for, problems come out as sentences. */
import { useEffect, useRef, useState } from "preact/hooks";
import { credential, signOut } from "./session";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | undefined> | URLSearchParams;

interface Asked {
  method?: string;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal;
  /** Told how many seconds it waits before it asks again, 0 once it no longer waits. */
  waiting?: (seconds: number) => void;
}

const TRIES = 6;
const LONGEST_WAIT = 30;

export function path(where: string, query: Query = {}): string {
  const text = (query instanceof URLSearchParams ? query : compact(query)).toString();
  return text ? `${where}?${text}` : where;
}

function compact(query: Record<string, string | number | undefined>): URLSearchParams {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") made.set(name, String(value));
  return made;
}

async function send(where: string, asked: Asked): Promise<Response> {
  const headers: Record<string, string> = { accept: asked.accept ?? "application/json" };
  const key = credential();
  if (key) headers["authorization"] = `Bearer ${key}`;
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  const body = asked.body === undefined ? null : JSON.stringify(asked.body);
  for (let tried = 1; ; tried++) {
    let answer: Response;
    try {
      // The browser may hold the same address as JSON: a file is always asked for anew.
      const cache = asked.accept ? "no-store" : "default";
      answer = await fetch(where, { method: asked.method ?? "GET", headers, body, cache, signal: asked.signal ?? null });
    } catch (error) {
      if (asked.signal?.aborted) throw error;
      throw new ApiError(0, "The server cannot be reached. Check the connection, or whether the stack is up.");
    }
    if (answer.ok) return answer;
    const again = (answer.status === 503 || answer.status === 429) && answer.headers.get("retry-after");
    if (!again || tried >= TRIES) {
      const problem = await told(answer);
      if (answer.status === 401 && key) signOut(problem.message);
      throw problem;
    }
    const seconds = Math.min(LONGEST_WAIT, Math.max(1, Number(again) || 1));
    asked.waiting?.(seconds);
    await pause(seconds * 1000, asked.signal);
    asked.waiting?.(0);
  }
}

async function told(answer: Response): Promise<ApiError> {
  try {
    const problem = (await answer.json()) as { detail?: string; title?: string; message?: string; errors?: { loc: unknown[]; msg: string }[] };
    const parts = (problem.errors ?? []).map((one) => `${one.loc.slice(1).join(".")}: ${one.msg}`);
    const text = problem.detail ?? problem.title ?? problem.message ?? "";
    const more = parts.filter((part) => !part.endsWith(text)).join(" ");
    return new ApiError(answer.status, `${text} ${more}`.trim() || `The server answered ${answer.status}.`);
  } catch {
    return new ApiError(answer.status, `The server answered ${answer.status}.`);
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("no longer asked", "AbortError"));
    });
  });
}

export async function call<T>(where: string, asked: Asked = {}): Promise<T> {
  const answer = await send(where, asked);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

/** Save a report as the file that a spreadsheet opens. */
export async function download(where: string, name: string): Promise<void> {
  const answer = await send(where, { accept: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export interface Asking<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  /** Seconds until it asks again, while a store wakes up. */
  waiting: number;
  again: () => void;
}

/** Ask for a report, anew whenever its address changes, and every `every` milliseconds while the page is seen. */
export function useApi<T>(where: string | null, every = 0): Asking<T> {
  const [state, setState] = useState<{ for: string | null; data: T | null; error: ApiError | null }>({ for: null, data: null, error: null });
  const [waiting, setWaiting] = useState(0);
  const [turn, setTurn] = useState(0);
  const latest = useRef<T | null>(null);
  useEffect(() => {
    if (where === null) return undefined;
    const stop = new AbortController();
    let timer = 0;
    const ask = async () => {
      if (every && document.hidden) {
        timer = setTimeout(ask, every);
        return;
      }
      try {
        const data = await call<T>(where, { signal: stop.signal, waiting: setWaiting });
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
      setWaiting(0);
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
