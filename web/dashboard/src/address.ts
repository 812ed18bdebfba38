/** What is looked at stands in the address, so that every view can be shared: `#/website?site=blog&period=7d&country=DE`. */
import { useEffect, useState } from "preact/hooks";

export interface Address {
  view: string;
  /** What the view is about, such as a video's id. */
  item: string;
  query: URLSearchParams;
}

export function readAddress(hash: string): Address {
  const [path = "", query = ""] = split(hash.replace(/^#\/?/, ""), "?");
  const [view = "", item = ""] = split(path, "/");
  return { view: view || "overview", item: decoded(item), query: new URLSearchParams(query) };
}

export function writeAddress(view: string, item = "", query = new URLSearchParams()): string {
  const text = query.toString();
  return `#/${view}${item ? `/${encodeURIComponent(item)}` : ""}${text ? `?${text}` : ""}`;
}

/** Go to another view; site and range come along, filters stay behind. */
export function linkTo(from: Address, view: string, item = ""): string {
  const kept = new URLSearchParams();
  for (const name of ["site", "period", "startDate", "endDate"]) {
    const value = from.query.get(name);
    if (value) kept.set(name, value);
  }
  return writeAddress(view, item, kept);
}

/** Change parts of the query (null takes one out) and stay in the view. */
export function change(from: Address, changes: Record<string, string | null>): void {
  const query = new URLSearchParams(from.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  location.hash = writeAddress(from.view, from.item, query);
}

export function useAddress(): Address {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return readAddress(hash);
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
