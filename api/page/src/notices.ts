// What a step tells the user: a status line, a summary of errors, and an error at each invalid field.

import type { Failure, FieldError } from "./api";
import { Countdown } from "./countdown";
import { all, element, find } from "./dom";
import type { Texts } from "./text";

/** How long a client waits if the answer does not say, in milliseconds. */
const defaultWait = 5000;

/** An error and the text about it. */
export interface Message extends Pick<FieldError, "field"> {
  text: string;
  /** A link that helps, such as to the login. */
  link?: { url: string; text: string } | undefined;
}

export class Notices {
  private readonly countdown = new Countdown();

  constructor(
    private readonly section: HTMLElement,
    private readonly texts: Texts,
  ) {}

  /** Shows a line that screen readers announce. Empty: none. */
  status(text: string): void {
    this.countdown.stop();
    const line = this.line();
    if (!line) return;
    line.removeAttribute("aria-live");
    if (line.textContent !== text) line.textContent = text;
  }

  /** Shows a problem that belongs to no field, or how long to wait. end is called after that. */
  failure(f: Failure, end: () => void = () => undefined): void {
    const { texts } = this;
    const milliseconds = f.retryAfter * 1000;
    switch (f.code) {
      case "offline":
        this.problem(texts.get("connection.lost"));
        break;
      case "resend_cooldown":
        this.wait("problem.resend_cooldown", milliseconds || defaultWait, end);
        break;
      case "rate_limited":
      case "challenge_required": // it could not be solved here
        this.wait("problem.rate_limited", milliseconds || defaultWait, end);
        break;
      case "refused_by_policy":
        this.problem(f.detail || texts.get("problem.refused_by_policy"));
        end();
        break;
      default:
        this.problem(texts.first(["problem." + f.code, "problem.internal"], { time: texts.duration(milliseconds) }));
        end();
    }
  }

  /** Shows errors at their fields, and moves the focus to the field, or to the summary if there are several. */
  errors(messages: Message[]): void {
    this.clear();
    const order = all(this.section, "[data-field]", HTMLElement);
    const position = (m: Message): number => order.findIndex((e) => e.dataset["field"] === m.field);
    const atFields = messages.filter((m) => this.mark(m)).sort((a, b) => position(a) - position(b));
    const others = messages.filter((m) => !atFields.includes(m)).map((m) => m.text);
    const [first] = atFields;
    if (first && messages.length === 1) {
      this.input(first.field)?.focus();
      return;
    }
    const list = element("ul");
    list.append(...atFields.map((m) => this.entry(m)));
    const summary = this.summary();
    summary?.replaceChildren(...(others.length > 0 ? others : [this.texts.get("error.summary")]).map((t) => element("p", t)));
    if (first) summary?.append(list);
    summary?.toggleAttribute("hidden", false);
    summary?.focus();
  }

  /** Removes all errors, also those that the server rendered. */
  clear(): void {
    this.status("");
    this.summary()?.replaceChildren();
    this.summary()?.toggleAttribute("hidden", true);
    for (const field of all(this.section, "[data-field]", HTMLElement)) this.unmark(field);
  }

  /** Removes the error of the field around an input, also from the summary. */
  clearField(input: Element): void {
    const field = input.closest("[data-field]");
    const summary = this.summary();
    if (!(field instanceof HTMLElement)) return;
    this.unmark(field);
    const entry = summary && find(summary, `a[href="#${CSS.escape(input.id)}"]`, HTMLElement)?.closest("li");
    if (!entry) return;
    entry.remove();
    if (!find(summary, "li", HTMLElement)) summary.hidden = true;
  }

  stop(): void {
    this.countdown.stop();
  }

  private problem(text: string): void {
    this.status("");
    const summary = this.summary();
    summary?.replaceChildren(element("p", text));
    summary?.toggleAttribute("hidden", false);
  }

  /** Shows a text about how long to wait. It is announced once, not with every second. */
  private wait(key: string, milliseconds: number, end: () => void): void {
    const over = Date.now() + milliseconds;
    this.status("");
    let ticks = 0;
    this.countdown.start(
      () => over - Date.now(),
      (left) => {
        const line = this.line();
        if (ticks++ === 1) line?.setAttribute("aria-live", "off");
        if (line) line.textContent = this.texts.get(key, { time: this.texts.duration(left) });
      },
      () => {
        this.status(this.texts.get("wait.over"));
        end();
      },
    );
  }

  private mark(m: Message): boolean {
    const field = this.field(m.field);
    const error = field && find(field, "[data-error]", HTMLElement);
    if (!error) return false;
    error.textContent = m.text;
    if (m.link) {
      const a = element("a", m.link.text);
      a.href = m.link.url;
      error.append(" ", a);
    }
    error.hidden = false;
    this.input(m.field)?.setAttribute("aria-invalid", "true");
    return true;
  }

  private unmark(field: HTMLElement): void {
    const error = find(field, "[data-error]", HTMLElement);
    if (!error || error.hidden) return;
    error.hidden = true;
    error.textContent = "";
    find(field, "[aria-invalid]", HTMLElement)?.removeAttribute("aria-invalid");
  }

  /** An entry of the summary. A fragment in an address cannot name an input in a shadow root, so the script moves the focus. */
  private entry(m: Message): HTMLLIElement {
    const input = this.input(m.field);
    const label = this.section.querySelector(`label[for="${input?.id ?? ""}"]`)?.cloneNode(true) as Element | undefined;
    label?.querySelector(".optional")?.remove();
    const a = element("a", label?.textContent?.trim() ?? m.text);
    a.href = "#" + (input?.id ?? "");
    a.addEventListener("click", (e) => {
      e.preventDefault();
      input?.focus();
    });
    const item = element("li");
    item.append(a);
    return item;
  }

  private field(name: string): HTMLElement | null {
    return find(this.section, `[data-field="${CSS.escape(name)}"]`, HTMLElement);
  }

  private input(name: string): HTMLElement | null {
    const field = this.field(name);
    return field && find(field, `[name="${CSS.escape(name)}"]`, HTMLElement);
  }

  private line(): HTMLElement | null {
    return find(this.section, "[data-status]", HTMLElement);
  }

  private summary(): HTMLElement | null {
    return find(this.section, "[data-summary]", HTMLElement);
  }
}
