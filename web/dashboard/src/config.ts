/** What the stage tells its page beside it: at which issuer one can sign in, if at any. */
export interface Issuer {
  issuer: string;
  client_id: string;
  audience: string;
  scopes: string;
  /** Which of the issuer's tokens the API takes. */
  token: "id_token" | "access_token";
}

let asked: Promise<Issuer | null> | undefined;

/** The issuer, null where keys alone open the page. */
export function issuerOf(): Promise<Issuer | null> {
  asked ??= fetch("/config.json", { headers: { accept: "application/json" } })
    .then(async (answer) => {
      const told = answer.ok ? ((await answer.json()) as Partial<Issuer>) : {};
      return told.issuer && told.client_id ? (told as Issuer) : null;
    })
    .catch(() => {
      asked = undefined;
      return null;
    });
  return asked;
}
