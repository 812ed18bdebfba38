/** Calls of the API: the credential goes along, stores that are waking up are waited for, problems come out as sentences. */
import { credential, forget, hasTokens, renewed } from "./session";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | undefined> | URLSearchParams;

/** Why an answer has to be waited for, and how long until it is asked again. */
export interface Waiting {
  status: number;
  seconds: number;
}

export function whyWaiting({ status, seconds }: Waiting): string {
  if (status === 429) return `The server had too many requests; asking again within ${seconds} s.`;
  return `The database was asleep and is waking up; asking again within ${seconds} s. This takes up to half a minute.`;
}

interface Asked {
  method?: string;
  body?: unknown;
  accept?: string;
  /** Passes over every cache: something was changed. */
  fresh?: boolean;
  signal?: AbortSignal;
  /** Told for what it waits before it asks again, null once it no longer does. */
  waiting?: (waiting: Waiting | null) => void;
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
  let key = await reached(credential(), "The issuer that you are signed in at cannot be reached. Check the connection.");
  let renewable = hasTokens();
  for (let tried = 1; ; tried++) {
    const answer = await once(where, asked, key);
    if (answer.ok) return answer;
    if (answer.status === 401 && renewable) {
      // The clocks differ, or the token was revoked: one new token is worth a try.
      renewable = false;
      key = await reached(renewed(), "The issuer that you are signed in at cannot be reached. Check the connection.");
      if (key) continue;
    }
    const again = (answer.status === 503 || answer.status === 429) && answer.headers.get("retry-after");
    if (!again || tried >= TRIES) {
      const problem = await told(answer);
      if (answer.status === 401 && key) forget(problem.message);
      throw problem;
    }
    const seconds = Math.min(LONGEST_WAIT, Math.max(1, Number(again) || 1));
    asked.waiting?.({ status: answer.status, seconds });
    await pause(seconds * 1000, asked.signal);
    asked.waiting?.(null);
  }
}

async function once(where: string, asked: Asked, key: string): Promise<Response> {
  const headers: Record<string, string> = { accept: asked.accept ?? "application/json" };
  if (key) headers["authorization"] = `Bearer ${key}`;
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  const body = asked.body === undefined ? null : JSON.stringify(asked.body);
  const answer = fetch(where, { method: asked.method ?? "GET", headers, body, cache: asked.fresh ? "reload" : "default", signal: asked.signal ?? null });
  return reached(answer, "The server cannot be reached. Check the connection, or whether the stack is up.", asked.signal);
}

/** The answer; what never reached anybody comes out as a sentence. */
async function reached<T>(answer: Promise<T>, otherwise: string, signal?: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, otherwise);
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
