// What survives a reload: the typed fields of this tab without the password, and the registration of all tabs.

import type { Credentials, Verification } from "./api";

export type Fields = Record<string, string | boolean>;

/** The typed fields, and the Idempotency-Key of a request whose outcome is unknown. */
export interface Draft {
  fields: Fields;
  key?: string;
}

export interface StoredRegistration extends Credentials {
  verification?: Verification;
  /** Milliseconds since 1970. */
  saved_at: number;
}

/** Longer than any registration can wait for its code. */
const maxAge = 14 * 24 * 3600_000;

const draftKey = "registrar.draft";
const registrationKey = "registrar.registration";

/** Tells the other forms of this document about a change; the storage event reaches only other tabs. */
const changes = new EventTarget();

export class Store {
  readDraft(): Draft {
    const draft = read<Draft>(() => sessionStorage, draftKey);
    if (!draft?.fields) return { fields: {} };
    return isWord(draft.key) ? draft : { fields: draft.fields };
  }

  writeDraft(draft: Draft): void {
    write(() => sessionStorage, draftKey, draft);
  }

  readRegistration(): StoredRegistration | null {
    const r = read<StoredRegistration>(() => localStorage, registrationKey);
    return r && isWord(r.registration_id) && isWord(r.registration_token) && Date.now() - r.saved_at < maxAge ? r : null;
  }

  writeRegistration(c: Credentials, verification?: Verification): void {
    const { registration_id, registration_token } = c;
    const stored: StoredRegistration = { registration_id, registration_token, saved_at: Date.now() };
    if (verification) stored.verification = verification;
    write(() => localStorage, registrationKey, stored);
    changes.dispatchEvent(new CustomEvent("change", { detail: this }));
  }

  /** Forgets the registration, unless another tab has stored a newer one. */
  removeRegistration(registrationID: string): void {
    if (this.readRegistration()?.registration_id !== registrationID) return;
    write(() => localStorage, registrationKey, null);
    changes.dispatchEvent(new CustomEvent("change", { detail: this }));
  }

  /** Calls f after a change by another tab, or by another form of this document. */
  onChange(f: () => void, signal: AbortSignal): void {
    changes.addEventListener(
      "change",
      (e) => {
        if (e instanceof CustomEvent && e.detail !== this) f();
      },
      { signal },
    );
    addEventListener(
      "storage",
      (e) => {
        if (e.key === registrationKey) f();
      },
      { signal },
    );
  }
}

// The browser may refuse any access to its storage. Then only a reload loses what was typed.

/** Whether a stored value can be in a header. Other scripts of the site may have changed it. */
function isWord(value: unknown): boolean {
  return typeof value === "string" && /^[\w-]{1,255}$/.test(value);
}

function read<T>(storage: () => Storage, key: string): T | null {
  try {
    return JSON.parse(storage().getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // see above
  }
}
