// The strength of the password, as the server judges it.

import type { Client, PasswordCheck } from "./api";
import { find } from "./dom";
import type { Texts } from "./text";

/** How long the user must have stopped typing, in milliseconds. */
const debounce = 300;

/** The fields whose words make a password easy to guess. */
const ownFields = ["first_name", "last_name", "username", "email"];

export class StrengthMeter {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private latest = 0;
  private isOffered = true;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly client: Client,
    private readonly texts: Texts,
  ) {
    this.show(null);
    form.addEventListener("input", (e) => {
      const { name } = e.target as HTMLInputElement;
      if (name === "password" || ownFields.includes(name)) this.schedule();
    });
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), debounce);
  }

  private async check(): Promise<void> {
    const number = ++this.latest;
    const body: Record<string, string> = {};
    for (const name of ["password", ...ownFields]) {
      const input = this.form.elements.namedItem(name);
      if (input instanceof HTMLInputElement && input.value !== "") body[name] = input.value;
    }
    const answer = body["password"] && this.isOffered ? await this.client.checkPassword(body) : null;
    if (answer?.status === 404) this.isOffered = false;
    if (number === this.latest) this.show(answer?.ok ? answer.body : null);
  }

  private show(check: PasswordCheck | null): void {
    const line = find(this.form, "[data-strength-line]", HTMLElement);
    const meter = find(this.form, "[data-strength]", HTMLMeterElement);
    const text = find(this.form, "[data-strength-text]", HTMLElement);
    if (!line || !meter || !text) return;
    line.hidden = !this.isOffered;
    line.toggleAttribute("data-empty", !check); // keeps its place: nothing may move while the user clicks the button below
    if (!check) return;
    meter.value = check.score;
    const [error] = check.errors ?? [];
    const { texts } = this;
    const verdict = texts.get("password.strength_" + check.score);
    const reason = error && texts.first(["error.password." + error.code, "error." + error.code], { count: this.minLength() });
    const shown = check.accepted || !reason ? verdict : reason;
    if (text.textContent !== shown) text.textContent = shown;
  }

  private minLength(): number {
    return find(this.form, "[name=password]", HTMLInputElement)?.minLength ?? 0;
  }
}
