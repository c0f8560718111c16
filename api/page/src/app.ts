// What all steps share.

import type { Client, Credentials, Failure } from "./api";
import type { Message } from "./notices";
import type { Solver } from "./sender";
import type { Store } from "./store";
import type { Texts } from "./text";

/** The data that the server puts into the page. */
export interface PageData {
  lang: string;
  catalogue: Record<string, string>;
  login_url?: string;
  password: { min_length: number };
  /** The registration of the cookie that the forms use without a script. */
  registration: Credentials | null;
}

export interface App {
  readonly data: PageData;
  readonly client: Client;
  readonly store: Store;
  readonly texts: Texts;
  readonly solve: Solver;
}

/** The text about a problem that belongs to no field. */
export function problemText(texts: Texts, f: Failure): string {
  if (f.status === 0) return texts.get("connection.lost");
  return texts.first(["problem." + f.code, "problem.internal"], { time: texts.duration(f.retryAfter * 1000) });
}

/** The texts about invalid fields. */
export function fieldMessages(app: App, f: Failure): Message[] {
  return f.errors.map(({ field, code }) => ({
    field,
    text: app.texts.first([`error.${field}.${code}`, "error." + code, "error.invalid"], { count: app.data.password.min_length }),
  }));
}
