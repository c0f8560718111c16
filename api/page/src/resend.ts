// The forms of the code step that ask for another code: once more, by email, or to another number.

import type { Answer, Credentials, Failure, Registration, ResendRequest, Verification } from "./api";
import type { App } from "./app";
import { Countdown } from "./countdown";
import { find, must, setUnavailable } from "./dom";
import type { Notices } from "./notices";
import { PhoneField } from "./phone";
import { Sender } from "./sender";
import { clock } from "./text";

export interface ResendEvents {
  resent(r: Registration): void;
  failed(f: Failure): void;
}

export class ResendForms {
  private readonly buttons: HTMLButtonElement[];
  private readonly senders: Sender[];
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
    const form = must(section, "[data-form=resend]", HTMLFormElement);
    const numberForm = must(section, "[data-form=number]", HTMLFormElement);
    const emailButton = must(form, "[data-action=email]", HTMLButtonElement);
    const again = this.sender(form, must(form, "[data-submit]", HTMLButtonElement));
    const email = this.sender(form, emailButton);
    const number = this.sender(numberForm, must(numberForm, "[data-submit]", HTMLButtonElement));
    this.senders = [again, email, number];
    this.buttons = this.senders.map((s) => s.button);
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      if (e.submitter === emailButton) void this.send(email, { channel: "email" });
      else void this.send(again, {});
    });
    this.enableNumber(numberForm, number);
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
        if (line) line.textContent = texts.get("code.resend_in", { time: clock(left) });
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

  private sender(form: HTMLFormElement, button: HTMLButtonElement): Sender {
    return new Sender(form, button, this.notices, this.app.texts, this.app.solve);
  }

  private setCooling(isCooling: boolean): void {
    if (isCooling === this.isCooling) return;
    this.isCooling = isCooling;
    for (const b of this.buttons) setUnavailable(b, isCooling);
  }

  private enableNumber(form: HTMLFormElement, sender: Sender): void {
    const input = must(form, "[name=mobile_number]", HTMLInputElement);
    const country = must(form, "[name=country]", HTMLSelectElement);
    const draft = this.app.store.readDraft().fields;
    if (draft["mobile_number"] && input.value === "") {
      input.value = String(draft["mobile_number"]); // so that the user corrects only what is wrong
      country.value = String(draft["country"]);
    }
    const phone = new PhoneField(input, country);
    form.noValidate = true;
    form.addEventListener("input", () => this.notices.clearField(input));
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.sendNumber(sender, phone);
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
