// The form: keeps what the user types, and registers the user exactly once.

import type { Answer, Attributes, Credentials, Failure, Registration, RegistrationRequest } from "./api";
import { type App, fieldMessages } from "./app";
import { all, find, isUnavailable, must, setUnavailable } from "./dom";
import { Notices } from "./notices";
import { PhoneField } from "./phone";
import { Sender } from "./sender";
import type { Fields } from "./store";
import { StrengthMeter } from "./strength";

type Control = HTMLInputElement | HTMLSelectElement;

/** Controls whose values are not the user's, or belong to another field. */
const ownControls = ["idempotency_key", "country", "lang"];

export interface FormEvents {
  registered(r: Registration & Credentials): void;
  closed(reason: "expired" | "superseded"): void;
  resume(): void;
}

export class RegisterForm {
  private readonly form: HTMLFormElement;
  private readonly button: HTMLButtonElement;
  private readonly key: HTMLInputElement;
  private readonly notices: Notices;
  private readonly sender: Sender;
  private readonly phone: PhoneField | null;
  private readonly meter: StrengthMeter;
  /** The content of the request that used the key. It has the password, so it is only in memory. */
  private content = "";

  constructor(
    readonly section: HTMLElement,
    private readonly app: App,
    private readonly events: FormEvents,
  ) {
    this.form = must(section, "[data-form=register]", HTMLFormElement);
    this.button = must(this.form, "[data-submit]", HTMLButtonElement);
    this.key = must(this.form, "[name=idempotency_key]", HTMLInputElement);
    this.notices = new Notices(section, app.texts);
    this.sender = new Sender(this.form, this.button, this.notices, app.texts, app.solve);
    this.phone = PhoneField.in(this.form);
    this.meter = new StrengthMeter(this.form, app.client, app.texts);
    this.form.noValidate = true; // the API's errors are complete, and in the page's language
    this.restore();
    this.listen();
  }

  /** Shows or hides the line that leads back to the code. */
  offerResume(offered: boolean): void {
    find(this.section, "[data-resume]", HTMLElement)?.toggleAttribute("hidden", !offered);
  }

  /** Shows that the registration was refused after all. */
  refuse(code: string): void {
    this.renewKey();
    this.showTaken(code);
  }

  /** Ends what runs. The answer to a request that is under way still counts. */
  leave(): void {
    this.sender.endRepetitions();
    this.notices.stop();
    this.meter.stop();
  }

  /** Forgets the outcome of earlier requests: the next one is a new registration. */
  renewKey(): void {
    this.key.value = randomKey();
    this.content = "";
    this.save();
  }

  private listen(): void {
    this.form.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.submit();
    });
    this.form.addEventListener("input", (e) => this.edited(e));
    this.form.addEventListener("change", (e) => this.edited(e));
    find(this.section, "[data-resume] a", HTMLAnchorElement)?.addEventListener("click", (e) => {
      e.preventDefault();
      this.events.resume();
    });
    const toggle = find(this.form, "[data-toggle-password]", HTMLButtonElement);
    if (toggle) this.enableToggle(toggle);
  }

  private edited(e: Event): void {
    if (e.target instanceof Element) this.notices.clearField(e.target);
    if (!this.sender.busy) this.release();
    this.save();
  }

  /** Ends the wait after a rate limit: it may not apply to other data. */
  private release(): void {
    this.notices.status("");
    setUnavailable(this.button, false);
  }

  private enableToggle(toggle: HTMLButtonElement): void {
    const input = must(this.form, "[name=password]", HTMLInputElement);
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      const key = shown ? "password.hide" : "password.show";
      toggle.textContent = this.app.texts.get(key);
      toggle.setAttribute("aria-label", this.app.texts.get(key + "_label"));
    });
  }

  private async submit(): Promise<void> {
    if (this.sender.busy || isUnavailable(this.button)) return;
    this.notices.clear();
    const body = await this.read();
    const content = JSON.stringify(body);
    if (this.content !== "" && this.content !== content) this.renewKey();
    this.content = content;
    let answer = await this.send(body);
    if (answer && !answer.ok && answer.code === "idempotency_key_reused") {
      this.renewKey(); // the key is from before a reload, and the data has changed since
      this.content = content;
      answer = await this.send(body);
    }
    if (answer?.ok) this.events.registered(answer.body);
    else if (answer) this.fail(answer);
  }

  private send(body: RegistrationRequest): Promise<Answer<Registration & Credentials> | null> {
    const { client, texts } = this.app;
    const key = this.key.value; // all repetitions have this key, even if the next request has another one already
    return this.sender.send((challenge) => client.register(body, key, challenge), texts.get("form.sending"));
  }

  private fail(f: Failure): void {
    if (f.status >= 400 && f.status < 500 && f.status !== 408 && f.status !== 429) this.renewKey(); // a definite refusal
    if (f.errors.length > 0) {
      this.notices.errors(fieldMessages(this.app, f));
      return;
    }
    switch (f.code) {
      case "email_taken":
      case "username_taken":
        this.showTaken(f.code);
        break;
      case "superseded":
        this.events.closed("superseded");
        break;
      case "registration_closed":
        this.events.closed("expired");
        break;
      default:
        setUnavailable(this.button, true);
        this.notices.failure(f, () => setUnavailable(this.button, false));
    }
  }

  private showTaken(code: string): void {
    const { texts, data } = this.app;
    const link = data.login_url ? { url: data.login_url, text: texts.get("form.login_link") } : undefined;
    const field = code === "username_taken" ? "username" : "email";
    this.notices.errors([{ field, text: texts.get("problem." + code), link: field === "email" ? link : undefined }]);
  }

  private async read(): Promise<RegistrationRequest> {
    const body: RegistrationRequest = {};
    const attributes: Attributes = {};
    for (const control of this.controls()) {
      const { name } = control;
      const value = this.phone?.owns(control) ? await this.phone.value() : valueOf(control);
      if (ownControls.includes(name) || value === "") continue; // an empty field is a missing one
      if (name.startsWith("attributes.")) attributes[name.slice("attributes.".length)] = value;
      else body[name] = value as string | boolean;
    }
    if (Object.keys(attributes).length > 0) body["attributes"] = attributes;
    return body;
  }

  private controls(): Control[] {
    const { form } = this;
    return [...all(form, "input[name]", HTMLInputElement), ...all(form, "select[name]", HTMLSelectElement)];
  }

  private save(): void {
    const fields: Fields = {};
    for (const control of this.controls()) {
      if (isKept(control)) fields[control.name] = isCheckbox(control) ? control.checked : control.value;
    }
    this.app.store.writeDraft({ fields, key: this.key.value });
  }

  private restore(): void {
    const draft = this.app.store.readDraft();
    this.key.value = draft.key ?? (this.key.value || randomKey());
    for (const control of this.controls()) {
      const value = draft.fields[control.name];
      if (value === undefined || !isKept(control)) continue;
      if (isCheckbox(control)) control.checked = value === true;
      else control.value = String(value);
    }
  }
}

interface Checkbox extends HTMLInputElement {
  type: "checkbox";
}

function isCheckbox(control: Control): control is Checkbox {
  return control.type === "checkbox";
}

/** Whether the value is the user's and may be stored. A shown password has the type text. */
function isKept(control: Control): boolean {
  return control.type !== "hidden" && control.name !== "password";
}

function valueOf(control: Control): string | number | boolean {
  if (isCheckbox(control)) return control.checked;
  const isNumber = control.dataset["type"] === "number" && jsonNumber.test(control.value);
  return isNumber ? Number(control.value) : control.value;
}

/** A number as JSON has it. Other text stays text, so that the rule for the field refuses it. */
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** 128 random bits. crypto.randomUUID exists only on HTTPS. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
