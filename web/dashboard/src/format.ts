/** Figures as people read them. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

export const count = (value: number): string => (Math.abs(value) < 100_000 ? whole.format(value) : short.format(value));
export const exact = (value: number): string => fine.format(value);
export const rate = (value: number): string => percent(value * 100);

/** Near its ends a decimal is told, so that 99.6 % are not all, and 0.04 % not none. */
export function percent(value: number): string {
  if (value > 0 && value < 0.05) return "<0.1 %";
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)} %`;
}

/** `40ms`, `45s`, `17m 31s`, `79h 20m`: short enough for a column. */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))}ms`;
  if (seconds < 9.95 && seconds % 1) return `${seconds.toFixed(1)}s`;
  const all = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  if (hours >= 100) return `${whole.format(hours)}h`;
  if (hours) return minutes ? `${hours}h ${minutes}m` : `${hours}h`;
  if (minutes) return rest ? `${minutes}m ${rest}s` : `${minutes}m`;
  return `${rest}s`;
}

/** The change in percent; null is one from nothing. */
export function change(percentage: number | null): string {
  if (percentage === null) return "new";
  if (Math.abs(percentage) < 0.05) return "0 %";
  const size = Math.abs(percentage) < 9.95 ? percentage.toFixed(1) : whole.format(percentage);
  return `${percentage > 0 ? "+" : ""}${size} %`;
}

let zone = "UTC";

/** Times are shown in the zone of the site that is looked at, wherever the browser is. */
export function showTimesIn(timezone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    zone = timezone;
  } catch {
    // The browser's tables are older than the zone.
    zone = "UTC";
  }
}

/** The zone that times are shown in. */
export const shownZone = (): string => zone;

export function moment(iso: string | null | undefined): string {
  if (!iso) return "–";
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: zone });
}

/** This moment as `17:05:09`. */
export const timeNow = (): string => new Date().toLocaleTimeString("en-GB", { timeZone: zone });

/** The day, so many days before today, as `2026-11-21`. */
export function dayBefore(days = 0): string {
  const [year, month, day] = new Date().toLocaleDateString("sv-SE", { timeZone: zone }).split("-").map(Number);
  return new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, (day ?? 1) - days)).toISOString().slice(0, 10);
}

/** A bucket's name (`2026-11-21` or an hour with offset) in the site's own time. */
export function bucket(name: string): string {
  const [, year, month, day, hour] = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}))?/.exec(name) ?? [];
  if (!day) return name;
  if (hour) return hour;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

/** The names of a series; where two would read the same, the offset of the hour or the year of the day tells them apart. */
export function buckets(names: string[]): string[] {
  const short = names.map(bucket);
  const seen = new Map<string, number>();
  for (const one of short) seen.set(one, (seen.get(one) ?? 0) + 1);
  return names.map((name, place) => {
    const text = short[place] ?? name;
    if (seen.get(text) === 1) return text;
    return name.includes("T") ? `${text} ${name.slice(19)}` : `${text} ${name.slice(0, 4)}`;
  });
}

const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

export function country(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code;
}
