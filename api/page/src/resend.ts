// The forms of the code step that ask for another code: once more, by email, or to another number.

import type { Answer, Credentials, Failure, Registration, ResendRequest, Verification } from "./api";
import type { App } from "./app";
import { Countdown } from "./countdown";
import { find, must, setUnavailable } from "./dom";
import type { Notices } from "./notices";
import { PhoneField } from "./phone";
import { Sender } from "./sender";

export interface ResendEvents {
  resent(r: Registration): void;
  failed(f: Failure): void;
}

export class ResendForms {
  private readonly senders: Sender[] = [];
  private readonly cooldown = new Countdown();
  private isCooling = false;
  private resendAfter = "";

  constructor(
    private readonly section: HTMLElement,
    private readonly app: App,
    private readonly notices: Notices,
    private readonly credentials: () => Credentials | null,
    private readonly events: ResendEvents,
  ) {
    this.enableResend(must(section, "[data-form=resend]", HTMLFormElement));
    const numberForm = find(section, "[data-form=number]", HTMLFormElement);
    if (numberForm) this.enableNumber(numberForm);
  }

  /** Counts down to the time when another code may be requested. */
  update(v: Verification): void {
    const line = find(this.section, "[data-resend-wait]", HTMLElement);
    const { client, texts } = this.app;
    const wasCooling = this.isCooling;
    this.resendAfter = v.resend_after;
    this.cooldown.start(
      () => client.until(v.resend_after),
      (left) => {
        if (line) line.textContent = texts.get("code.resend_in", { time: texts.duration(left) });
        this.setCooling(true);
      },
      () => {
        if (line) line.textContent = "";
        const hasEnded = this.isCooling || wasCooling;
        this.setCooling(false);
        if (hasEnded && !this.senders.some((s) => s.pending)) this.notices.status(texts.get("code.resend_ready"));
      },
    );
  }

  leave(): void {
    this.cooldown.stop();
    for (const s of this.senders) s.cancel();
  }

  /** Connects a button. Each has its own sender, which shows the progress on it. */
  private sender(form: HTMLFormElement, button: HTMLButtonElement): Sender {
    const sender = new Sender(form, button, this.notices, this.app.texts, this.app.solve);
    this.senders.push(sender);
    return sender;
  }

  private setCooling(isCooling: boolean): void {
    if (isCooling === this.isCooling) return;
    this.isCooling = isCooling;
    for (const s of this.senders) setUnavailable(s.button, isCooling);
  }

  private enableResend(form: HTMLFormElement): void {
    const again = this.sender(form, must(form, "[data-submit]", HTMLButtonElement));
    const emailButton = find(form, "[data-action=email]", HTMLButtonElement);
    const email = emailButton && this.sender(form, emailButton);
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      if (email && e.submitter === emailButton) void this.send(email, { channel: "email" });
      else void this.send(again, {});
    });
  }

  private enableNumber(form: HTMLFormElement): void {
    const sender = this.sender(form, must(form, "[data-submit]", HTMLButtonElement));
    const phone = PhoneField.in(form);
    const { mobile_number: number, country } = this.app.store.readDraft().fields;
    phone?.fill(String(number ?? ""), String(country ?? "")); // so that the user corrects only what is wrong
    form.noValidate = true;
    form.addEventListener("input", (e) => e.target instanceof Element && this.notices.clearField(e.target));
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      if (phone) void this.sendNumber(sender, phone);
    });
  }

  private async sendNumber(sender: Sender, phone: PhoneField): Promise<void> {
    const number = await phone.value();
    if (number !== "") await this.send(sender, { mobile_number: number });
    else this.notices.errors([{ field: "mobile_number", text: this.app.texts.get("error.mobile_number.required") }]);
  }

  private async send(sender: Sender, request: ResendRequest): Promise<void> {
    const { client, texts } = this.app;
    const credentials = this.credentials();
    if (!credentials || this.senders.some((s) => s.busy)) return;
    if (this.isCooling) {
      const time = texts.duration(client.until(this.resendAfter));
      this.notices.status(texts.get("code.resend_in", { time }));
      return;
    }
    this.notices.clear();
    for (const s of this.senders) s.cancel();
    const call = (challenge?: string): Promise<Answer<Registration>> => client.resend(credentials, request, challenge);
    const answer = await sender.send(call, texts.get("form.sending"));
    if (answer?.ok) {
      this.events.resent(answer.body);
      this.notices.status(texts.get("code.resent"));
    } else if (answer) {
      this.events.failed(answer);
    }
  }
}
