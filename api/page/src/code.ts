// The code step: takes the code, by hand or from the SMS.

import type { Credentials, Failure, Registration, Verification } from "./api";
import { type App, fieldMessages } from "./app";
import { Countdown } from "./countdown";
import { all, find, must } from "./dom";
import { Notices } from "./notices";
import { ResendForms } from "./resend";
import { Sender } from "./sender";
import { clock } from "./text";
import { receiveCode } from "./webotp";

/** Codes have this many digits. Other lengths work too, but are not submitted while the user types. */
const codeLength = 6;

/** After the code was submitted by itself, a submission by the user within this time is the same one, in milliseconds. */
const sameSubmission = 1500;

export interface CodeEvents {
  /** The code was right. */
  verified(r: Registration): void;
  /** Another code is on its way. */
  resent(r: Registration): void;
  /** The registration is in another state than this step shows. */
  outdated(): void;
  closed(): void;
}

export class CodeStep {
  private readonly code: HTMLInputElement;
  private readonly sender: Sender;
  private readonly resend: ResendForms;
  private readonly notices: Notices;
  private readonly expiry = new Countdown();
  private receiving: AbortController | null = null;
  /** The digits that were sent last, and when that happened by itself. */
  private submitted = "";
  private submittedItself = 0;

  constructor(
    private readonly section: HTMLElement,
    private readonly app: App,
    private readonly credentials: () => Credentials | null,
    private readonly events: CodeEvents,
  ) {
    this.notices = new Notices(section, app.texts);
    const form = must(section, "[data-form=code]", HTMLFormElement);
    this.code = must(form, "[name=code]", HTMLInputElement);
    this.sender = new Sender(form, must(form, "[data-submit]", HTMLButtonElement), this.notices, app.texts, app.solve);
    this.resend = new ResendForms(section, app, this.notices, credentials, {
      resent: (r) => {
        this.submitted = "";
        events.resent(r);
      },
      failed: (f) => this.failed(f),
    });
    form.noValidate = true;
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      const isSame = Date.now() - this.submittedItself < sameSubmission; // the user has typed six digits and pressed Enter
      this.submittedItself = 0;
      if (!isSame) void this.verify();
    });
    form.addEventListener("input", () => this.typed()); // after the sender's listener: what it sends is what was typed
  }

  /** Shows the code that was sent last. */
  update(v: Verification): void {
    for (const e of all(this.section, "[data-channel]", HTMLElement)) e.hidden = e.dataset["channel"] !== v.channel;
    for (const e of all(this.section, "[data-destination]", HTMLElement)) e.textContent = v.destination;
    this.countExpiry(v);
    this.resend.update(v);
    if (v.channel === "sms" && !this.receiving) void this.receive();
  }

  /** Puts the cursor where the user types next. The input is described by where the code was sent. */
  focus(): void {
    this.code.focus();
  }

  /** Asks for the second of two codes. */
  next(): void {
    this.code.value = "";
    this.notices.status(this.app.texts.get("code.next"));
  }

  /** Says that the code could not be sent, so that the user asks for another one. */
  delayed(): void {
    this.notices.status(this.app.texts.get("code.delayed"));
  }

  /** Ends what runs while the step is visible. */
  leave(): void {
    this.receiving?.abort();
    this.receiving = null;
    this.expiry.stop();
    this.notices.stop();
    this.sender.cancel();
    this.resend.leave();
  }

  private typed(): void {
    this.notices.clearField(this.code);
    this.submittedItself = 0;
    const digits = digitsOf(this.code.value);
    if (digits.length !== codeLength || digits === this.submitted) return;
    this.submittedItself = Date.now();
    void this.verify();
  }

  private async receive(): Promise<void> {
    this.receiving = new AbortController();
    const { signal } = this.receiving;
    const code = await receiveCode(signal);
    if (code === "" || signal.aborted) return;
    this.code.value = code;
    void this.verify();
  }

  private async verify(): Promise<void> {
    const credentials = this.credentials();
    if (this.sender.busy || !credentials) return;
    const { client, texts } = this.app;
    this.notices.clear();
    const code = this.code.value;
    this.submitted = digitsOf(code);
    if (this.submitted === "") {
      this.notices.errors([{ field: "code", text: texts.get("error.code.required") }]);
      return;
    }
    const answer = await this.sender.send(() => client.verify(credentials, code), texts.get("code.checking"));
    if (answer?.ok) this.events.verified(answer.body);
    else if (answer) this.refused(answer);
  }

  private refused(f: Failure): void {
    const { texts } = this.app;
    switch (f.code) {
      case "wrong_code":
        this.showWrong(wrongCode(this.app, f));
        break;
      case "validation_failed":
        this.showWrong(fieldMessages(this.app, f)[0]?.text ?? texts.get("error.invalid"));
        break;
      case "code_expired":
      case "too_many_attempts":
        this.showWrong(texts.get("problem." + f.code));
        break;
      default:
        this.failed(f);
    }
  }

  /** Shows an error at the code. It stays, selected, so that the user can correct or replace it. */
  private showWrong(text: string): void {
    this.notices.errors([{ field: "code", text }]);
    this.code.select();
  }

  private failed(f: Failure): void {
    switch (f.code) {
      case "already_active":
      case "not_found":
        this.events.outdated();
        break;
      case "registration_closed":
        this.events.closed();
        break;
      case "validation_failed":
        this.notices.errors(fieldMessages(this.app, f));
        break;
      default:
        this.notices.failure(f);
    }
  }

  private countExpiry(v: Verification): void {
    const line = find(this.section, "[data-expires]", HTMLElement);
    const { client, texts } = this.app;
    let ticked = false;
    this.expiry.start(
      () => client.until(v.expires_at),
      (left) => {
        ticked = true;
        if (line) line.textContent = texts.get("code.expires_in", { time: clock(left) });
      },
      () => {
        if (line) line.textContent = texts.get("code.expired");
        if (ticked && !this.sender.pending) this.notices.status(texts.get("code.expired"));
      },
    );
  }
}

function wrongCode(app: App, f: Failure): string {
  const left = f.attemptsLeft ?? 0;
  if (left === 0) return app.texts.get("problem.too_many_attempts");
  return `${app.texts.get("problem.wrong_code")} ${app.texts.get("problem.attempts_left", { count: left })}`;
}

/** The digits of a code, of any script. */
function digitsOf(text: string): string {
  return text.replace(/\P{Nd}/gu, "");
}
