// What all steps share.

import type { Client, Credentials, Failure } from "./api";
import { must, type Root } from "./dom";
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
  /** The style sheets of the embedded form. */
  styles?: string[];
}

export function readData(root: Root): PageData {
  return JSON.parse(must(root, "#signup-data", HTMLScriptElement).textContent ?? "") as PageData;
}

export interface App {
  readonly data: PageData;
  readonly client: Client;
  readonly store: Store;
  readonly texts: Texts;
  readonly solve: Solver;
}

/** The texts about invalid fields. The service's own policy has texts in the page's language. */
export function fieldMessages(app: App, f: Failure): Message[] {
  const count = app.data.password.min_length;
  return f.errors.map(({ field, code, message }) => ({
    field,
    text:
      code === "refused_by_policy"
        ? message
        : app.texts.first([`error.${field}.${code}`, "error." + code, "error.invalid"], { count }),
  }));
}
