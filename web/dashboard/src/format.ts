/** Figures as people read them. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

export const count = (value: number): string => (Math.abs(value) < 100_000 ? whole.format(value) : short.format(value));
export const exact = (value: number): string => fine.format(value);
export const rate = (value: number): string => `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
export const percent = (value: number): string => `${value.toFixed(value > 0 && value < 10 ? 1 : 0)} %`;

/** `45s`, `17m 31s`, `79h 20m`: short enough for a column. */
export function duration(seconds: number): string {
  if (seconds < 10 && seconds % 1) return `${seconds.toFixed(1)}s`;
  const all = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  if (hours >= 100) return `${whole.format(hours)}h`;
  if (hours) return `${hours}h ${minutes}m`;
  return minutes ? `${minutes}m ${rest}s` : `${rest}s`;
}

export function change(percentage: number | null): string {
  if (percentage === null) return "new";
  return `${percentage > 0 ? "+" : ""}${percentage.toFixed(Math.abs(percentage) < 10 ? 1 : 0)} %`;
}

export function moment(iso: string | null | undefined): string {
  if (!iso) return "–";
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** A bucket's name (`2026-11-21` or an hour with offset) in the site's own time. */
export function bucket(name: string): string {
  const [, year, month, day, hour] = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}))?/.exec(name) ?? [];
  if (!day) return name;
  if (hour) return hour;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

export function country(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code;
}
