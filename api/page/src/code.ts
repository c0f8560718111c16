// The code step: takes the code, and asks for another one.

import type { Answer, Credentials, Failure, Registration, ResendRequest, Verification } from "./api";
import { type App, fieldMessages, problemText } from "./app";
import { Countdown } from "./countdown";
import { all, find, isUnavailable, must, setUnavailable } from "./dom";
import { Notices } from "./notices";
import { PhoneField } from "./phone";
import { Sender } from "./sender";
import { clock } from "./text";
import { receiveCode } from "./webotp";

/** Codes have this many digits. Other lengths work too, but are not submitted while the user types. */
const codeLength = 6;

export interface CodeEvents {
  /** The code was right. */
  verified(r: Registration): void;
  /** Another code is on its way. */
  resent(r: Registration): void;
  /** The registration is in another state than this step shows. */
  outdated(): void;
}

export class CodeStep {
  private readonly code: HTMLInputElement;
  private readonly codeSender: Sender;
  private readonly numberSender: Sender;
  private readonly resendSender: Sender;
  private readonly emailSender: Sender;
  private readonly notices: Notices;
  private readonly phone: PhoneField;
  private readonly resendButtons: HTMLButtonElement[];
  private readonly expiry = new Countdown();
  private readonly cooldown = new Countdown();
  private receiving: AbortController | null = null;
  private verification: Verification | null = null;
  private submitted = "";

  constructor(
    readonly section: HTMLElement,
    private readonly app: App,
    private readonly credentials: () => Credentials | null,
    private readonly events: CodeEvents,
  ) {
    this.notices = new Notices(section, app.texts);
    const codeForm = must(section, "[data-form=code]", HTMLFormElement);
    const resendForm = must(section, "[data-form=resend]", HTMLFormElement);
    const numberForm = must(section, "[data-form=number]", HTMLFormElement);
    this.code = must(codeForm, "[name=code]", HTMLInputElement);
    this.phone = new PhoneField(
      must(numberForm, "[name=mobile_number]", HTMLInputElement),
      must(numberForm, "[name=country]", HTMLSelectElement),
    );
    const button = (form: HTMLFormElement, selector = "[data-submit]"): HTMLButtonElement => must(form, selector, HTMLButtonElement);
    const sender = (form: HTMLFormElement, b: HTMLButtonElement): Sender => new Sender(form, b, this.notices, app.texts, app.solve);
    this.resendButtons = [button(resendForm), button(resendForm, "[data-action=email]"), button(numberForm)];
    const [again, email, number] = this.resendButtons as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
    this.codeSender = sender(codeForm, button(codeForm));
    this.resendSender = sender(resendForm, again);
    this.emailSender = sender(resendForm, email);
    this.numberSender = sender(numberForm, number);
    this.listen(codeForm, resendForm, numberForm);
  }

  /** Shows the code that was sent last. */
  update(v: Verification): void {
    const { section } = this;
    this.verification = v;
    for (const e of all(section, "[data-channel]", HTMLElement)) e.hidden = e.dataset["channel"] !== v.channel;
    for (const e of all(section, "[data-destination]", HTMLElement)) e.textContent = v.destination;
    this.countExpiry(v);
    this.countCooldown(v);
    if (v.channel === "sms" && !this.receiving) void this.receive();
  }

  /** Ends what runs while the step is visible. */
  leave(): void {
    this.receiving?.abort();
    this.receiving = null;
    this.expiry.stop();
    this.cooldown.stop();
    this.notices.stop();
    for (const s of [this.codeSender, this.resendSender, this.emailSender, this.numberSender]) s.cancel();
  }

  /** Asks for the second of two codes. */
  next(): void {
    this.code.value = "";
    this.notices.status(this.app.texts.get("code.next"));
  }

  private listen(codeForm: HTMLFormElement, resendForm: HTMLFormElement, numberForm: HTMLFormElement): void {
    codeForm.noValidate = true;
    numberForm.noValidate = true;
    codeForm.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.verify();
    });
    resendForm.addEventListener("submit", (e) => {
      e.preventDefault();
      const byEmail = e.submitter === this.resendButtons[1];
      void this.resend(byEmail ? this.emailSender : this.resendSender, byEmail ? { channel: "email" } : {});
    });
    numberForm.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.correctNumber();
    });
    numberForm.addEventListener("input", (e) => e.target instanceof Element && this.notices.clearField(e.target));
    this.code.addEventListener("input", () => this.typed());
  }

  private typed(): void {
    this.notices.clearField(this.code);
    const digits = digitsOf(this.code.value);
    if (digits.length === codeLength && digits !== this.submitted) void this.verify();
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
    if (this.codeSender.busy || !credentials) return;
    const { client, texts } = this.app;
    this.notices.clear();
    const code = this.code.value;
    if (digitsOf(code) === "") {
      this.notices.errors([{ field: "code", text: texts.get("error.code.required") }]);
      return;
    }
    this.submitted = digitsOf(code);
    const answer = await this.codeSender.send(() => client.verify(credentials, code), texts.get("code.checking"));
    if (answer?.ok) this.events.verified(answer.body);
    else if (answer) this.refused(answer);
  }

  private refused(f: Failure): void {
    const { texts } = this.app;
    const atCode = (text: string): void => {
      this.notices.errors([{ field: "code", text }]);
      this.code.select();
    };
    switch (f.code) {
      case "wrong_code":
        atCode(wrongCode(this.app, f));
        break;
      case "validation_failed":
        atCode(fieldMessages(this.app, f)[0]?.text ?? texts.get("error.invalid"));
        break;
      case "code_expired":
      case "too_many_attempts":
        atCode(texts.get("problem." + f.code));
        break;
      default:
        this.failed(f);
    }
  }

  private async correctNumber(): Promise<void> {
    const number = await this.phone.value();
    if (number === "") {
      this.notices.errors([{ field: "mobile_number", text: this.app.texts.get("error.mobile_number.required") }]);
      return;
    }
    await this.resend(this.numberSender, { mobile_number: number });
  }

  private async resend(sender: Sender, request: ResendRequest): Promise<void> {
    const credentials = this.credentials();
    if (!credentials || this.resendButtons.some((b) => isUnavailable(b))) {
      this.explainCooldown();
      return;
    }
    const { client, texts } = this.app;
    this.notices.clear();
    for (const other of [this.resendSender, this.emailSender, this.numberSender]) other.cancel();
    const call = (challenge?: string): Promise<Answer<Registration>> => client.resend(credentials, request, challenge);
    const answer = await sender.send(call, texts.get("form.sending"));
    if (answer?.ok) {
      this.submitted = "";
      this.events.resent(answer.body);
      this.notices.status(texts.get("code.resent"));
    } else if (answer) {
      this.failed(answer);
    }
  }

  private failed(f: Failure): void {
    const { texts } = this.app;
    switch (f.code) {
      case "validation_failed":
        this.notices.errors(fieldMessages(this.app, f));
        break;
      case "resend_cooldown":
      case "rate_limited":
      case "challenge_required":
        this.notices.wait(
          f.code === "resend_cooldown" ? "problem.resend_cooldown" : "problem.rate_limited",
          (f.retryAfter || 5) * 1000,
          () => undefined,
        );
        break;
      case "already_active":
      case "not_found":
      case "registration_closed":
        this.events.outdated();
        break;
      default:
        this.notices.problem(problemText(texts, f));
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
        if (ticked) this.notices.status(texts.get("code.expired"));
      },
    );
  }

  private countCooldown(v: Verification): void {
    const line = find(this.section, "[data-resend-wait]", HTMLElement);
    const { client, texts } = this.app;
    for (const b of this.resendButtons) setUnavailable(b, true);
    this.cooldown.start(
      () => client.until(v.resend_after),
      (left) => {
        if (line) line.textContent = texts.get("code.resend_in", { time: clock(left) });
      },
      () => {
        if (line) line.textContent = "";
        for (const b of this.resendButtons) setUnavailable(b, false);
      },
    );
  }

  /** Explains why the button does nothing now. */
  private explainCooldown(): void {
    const { client, texts } = this.app;
    const left = this.verification ? client.until(this.verification.resend_after) : 0;
    if (left > 0) this.notices.status(texts.get("code.resend_in", { time: texts.duration(left) }));
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
