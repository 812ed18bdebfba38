/** The devices, networks and users that a site trusts: seen, added to, taken off. */
import type { Asking } from "../../asking";
import type { Acting } from "../../acting";
import { call } from "../../calls";
import { Card, Shown } from "../../parts";
import { SHARING } from "./shapes";

export interface Trusted {
  devices: string[];
  networks: string[];
  users: string[];
}

type Kind = keyof Trusted;

const KINDS: [Kind, string, string, string][] = [
  ["devices", "Devices", "Device", "its id or name"],
  ["networks", "Networks", "Network", "203.0.113.0/24"],
  ["users", "Users", "User", "the user's id"],
];

/** Change one list as it stands at the server now, so that nothing is lost that another tab has added. */
export async function changeTrusted(site: string, kind: Kind, change: (values: string[]) => string[]): Promise<void> {
  const where = `${SHARING}/trusted?website_id=${encodeURIComponent(site)}`;
  const now = await call<Trusted>(where, { fresh: true });
  await call(where, { method: "PUT", body: { ...now, [kind]: change(now[kind]) } });
}

export function TrustedLists({ site, lists, acting }: { site: string; lists: Asking<Trusted>; acting: Acting }) {
  const put = (kind: Kind, change: (values: string[]) => string[], said: string) =>
    acting.act(async () => {
      await changeTrusted(site, kind, change);
      lists.again();
      return said;
    });
  const add = (kind: Kind) => (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const value = String(new FormData(form).get("value") ?? "").trim();
    if (value) void put(kind, (values) => [...values, value], `${value} is trusted.`).then(() => form.reset());
  };
  return (
    <Card title="Trusted" wide>
      <p class="hint">What is on these lists raises nothing from now on. Open alerts that rest on it alone are withdrawn when their user is looked at again.</p>
      <p role="status">{acting.said}</p>
      <Shown of={lists}>
        {(now) => (
          <div class="thirds">
            {KINDS.map(([kind, title, one, hint]) => (
              <section aria-label={title} key={kind}>
                <h3>{title}</h3>
                <ul class="chips">
                  {now[kind].map((value) => (
                    <li key={value}>
                      <button type="button" class="chip" aria-label={`Trust ${value} no more`} onClick={() => void put(kind, (values) => values.filter((other) => other !== value), `${value} is trusted no more.`)}>
                        {value} <span aria-hidden="true">×</span>
                      </button>
                    </li>
                  ))}
                  {now[kind].length === 0 && <li class="hint">none</li>}
                </ul>
                <form class="row" onSubmit={add(kind)}>
                  <label>
                    {one} <input name="value" required maxLength={200} placeholder={hint} />
                  </label>
                  <button type="submit" disabled={acting.busy}>
                    Trust
                  </button>
                </form>
              </section>
            ))}
          </div>
        )}
      </Shown>
    </Card>
  );
}
