/** What all views are made of. Text is only ever set as text; nothing here writes HTML. */
import type { ComponentChildren } from "preact";
import { Fragment } from "preact";
import { useState } from "preact/hooks";
import type { Asking } from "./asking";
import type { ApiError } from "./calls";
import { download, whyWaiting } from "./calls";

export function Card({ title, children, actions, wide }: { title: string; children: ComponentChildren; actions?: ComponentChildren; wide?: boolean | undefined }) {
  return (
    <section class={wide ? "card wide" : "card"} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

export interface Figure {
  label: string;
  value: string;
  /** The change in percent; undefined: nothing to compare with. */
  change?: { text: string; good: boolean | null } | undefined;
  about?: string;
}

export function Figures({ of }: { of: Figure[] }) {
  return (
    <dl class="figures">
      {of.map((one) => (
        <div key={one.label}>
          <dt title={one.about}>{one.label}</dt>
          <dd>
            <span class="value">{one.value}</span>
            <Changed of={one.change} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Changed({ of }: { of: Figure["change"] }) {
  return of ? <span class={`change ${of.good === null ? "" : of.good ? "good" : "bad"}`}>{of.text}</span> : null;
}

/** Names in a row. Each keeps to its own direction of writing, and their order stays. */
export function Joined({ of, by }: { of: string[]; by: string }) {
  return (
    <>
      {of.map((one, place) => (
        <Fragment key={place}>
          {place > 0 && by}
          <bdi>{one}</bdi>
        </Fragment>
      ))}
    </>
  );
}

/** Shows an answer, or why there is none and what to do. */
export function Shown<T>({ of, children, empty, isEmpty, tall }: { tall?: boolean | undefined; of: Asking<T>; children: (data: T) => ComponentChildren; empty?: ComponentChildren; isEmpty?: ((data: T) => boolean) | undefined }) {
  if (of.waiting)
    return (
      <p class="note" role="status">
        {whyWaiting(of.waiting)}
      </p>
    );
  if (of.error && of.data === null) return <Failed error={of.error} again={of.again} />;
  if (of.data === null) return <p class={tall ? "note loading tall" : "note loading"} role="status">Loading …</p>;
  return (
    <div class={of.loading ? "stale" : ""} aria-busy={of.loading}>
      {of.error && <p class="note bad">The last answer was an error ({of.error.message}); these figures are older.</p>}
      {isEmpty?.(of.data) ? <div class="note">{empty}</div> : children(of.data)}
    </div>
  );
}

export function Failed({ error, again }: { error: ApiError; again?: () => void }) {
  const advice =
    error.status === 403 ? "Sign in with a key that may do this." : error.status === 404 && error.message.startsWith("There is nothing at") ? "The service is older than this page: update it." : error.status === 422 ? "Change the range or the filters." : "";
  return (
    <div class="note bad" role="alert">
      <p>
        {error.message} {advice}
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Csv({ where, name }: { where: string; name: string }) {
  const [state, setState] = useState("");
  const save = async () => {
    setState("…");
    try {
      await download(where, name);
      setState("");
    } catch (error) {
      setState(error instanceof Error ? ` failed: ${error.message}` : " failed");
    }
  };
  return (
    <button type="button" class="quiet" onClick={save} aria-label={`Download ${name} as CSV`}>
      CSV{state}
    </button>
  );
}

export function Tabs({ label, of, chosen, choose }: { label: string; of: [string, string][]; chosen: string; choose: (name: string) => void }) {
  return (
    <div class="tabs" role="group" aria-label={label}>
      {of.map(([name, title]) => (
        <button type="button" key={name} aria-pressed={name === chosen} onClick={() => choose(name)}>
          {title}
        </button>
      ))}
    </div>
  );
}

/** Asks for the rows that are not shown yet. */
export function More({ show }: { show: () => void }) {
  return (
    <button type="button" class="quiet" onClick={show}>
      Show more
    </button>
  );
}

/** Names whose database places come from, with a link to it: its licence asks for that. */
export function Attribution({ of }: { of?: string | null | undefined }) {
  if (!of) return null;
  const [, text, link] = /^(.*?)\s*\((https:\/\/[^)]+)\)$/.exec(of) ?? [];
  return (
    <p class="hint">
      {link ? (
        <a href={link} rel="noopener noreferrer" target="_blank">
          {text}
        </a>
      ) : (
        of
      )}
    </p>
  );
}

/** Says what is left out for those who may only read. */
export function OnlyAdmin({ what }: { what: string }) {
  return (
    <p class="note">
      {what} needs a key or a sign-in of the scope <code>admin</code>.
    </p>
  );
}
