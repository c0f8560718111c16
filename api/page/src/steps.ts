// The steps of a registration: shows the one that fits, and moves on with every answer of the API.

import { Client, type Credentials, type Failure, type Registration, type Verification } from "./api";
import { type App, readData } from "./app";
import { solve } from "./challenge";
import { CodeStep } from "./code";
import { all, find, must, type Root } from "./dom";
import { RegisterForm } from "./form";
import { Notices } from "./notices";
import { Store } from "./store";
import { Texts } from "./text";

export type Step = "form" | "waiting" | "code" | "done" | "closed";

/** What differs between the page and an element on another site. */
export interface Host {
  /** The origin of the API; empty: the page's own. */
  base: string;
  /** The step of this entry of the browser's history, if it had one before a reload. */
  startStep?: Step | undefined;
  stepChanged(step: Step, previous: Step): void;
  done(registrationID: string): void;
}

/** The longest pause between two requests for the state, in milliseconds. */
const maxPoll = 5000;

/** Whether the service does not know a registration. A proxy's 403 or 404 does not say that. */
function isUnknown(f: Failure): boolean {
  return f.code === "not_found";
}

export class Signup {
  private readonly main: HTMLElement;
  private readonly app: App;
  private readonly sections = new Map<Step, HTMLElement>();
  private readonly stop = new AbortController();
  private form: RegisterForm | null = null;
  private code: CodeStep | null = null;
  private waiting: Notices | null = null;
  private credentials: Credentials | null = null;
  private verification: Verification | undefined;
  private poll: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;

  constructor(
    root: Root,
    private readonly host: Host,
  ) {
    this.main = must(root, "#signup", HTMLElement);
    const data = readData(root);
    const texts = new Texts(data.lang, data.catalogue);
    this.app = { data, texts, client: new Client(host.base), store: new Store(), solve };
    this.main.addEventListener("submit", (e) => this.submitted(e));
  }

  get step(): Step {
    return (this.main.dataset["step"] ?? "form") as Step;
  }

  /** Takes over the step that the server has rendered, or the registration that this browser knows. */
  start(): void {
    const { data, store } = this.app;
    this.bind(this.step, this.section);
    if (data.registration) this.credentials = data.registration;
    else this.load();
    if (data.registration && this.isOpen()) store.writeRegistration(data.registration);
    const { startStep } = this.host;
    if (startStep === "done") {
      this.show("done");
      void this.dropCookie(); // a reload may have come before its removal
    } else if (startStep === "form" || !this.credentials) this.show("form");
    else this.resume();
    if (this.step === "form") void this.checkResume();
    const { signal } = this.stop;
    store.onChange(() => this.storeChanged(), signal);
    const visible = (): void => {
      if (document.visibilityState === "visible" && this.isOpen()) void this.refresh();
    };
    document.addEventListener("visibilitychange", visible, { signal });
  }

  /** Ends all timers and listeners. */
  close(): void {
    this.stop.abort();
    clearTimeout(this.poll);
    this.form?.leave();
    this.code?.leave();
  }

  /** Shows the form with everything that was typed, and a line that leads back to the code. */
  back(): void {
    if (this.isOpen()) this.show("form");
  }

  /** Shows the state of the registration. */
  resume(): void {
    if (!this.credentials) return;
    if (this.step === "form") this.show(this.verification ? "code" : "waiting");
    void this.refresh();
  }

  /** Drops the line that leads back to the code if the registration no longer waits for one. */
  private async checkResume(): Promise<void> {
    const { credentials } = this;
    const answer = credentials && (await this.app.client.get(credentials));
    if (!answer || !this.isCurrent(credentials)) return;
    const isOver = answer.ok ? !["pending_verification", "accepted"].includes(answer.body.status) : isUnknown(answer);
    if (isOver) this.forget();
  }

  /** Whether an answer still counts. */
  private isCurrent(credentials: Credentials | null): boolean {
    return credentials === this.credentials && !this.stop.signal.aborted;
  }

  private isOpen(): boolean {
    return this.step === "code" || this.step === "waiting";
  }

  private load(): void {
    const stored = this.app.store.readRegistration();
    this.credentials = stored;
    this.verification = stored?.verification;
  }

  /** Another tab has registered, finished or started again. */
  private storeChanged(): void {
    if (this.step === "done") return;
    const stored = this.app.store.readRegistration();
    if (stored && stored.registration_id !== this.credentials?.registration_id) {
      this.load();
      this.resume();
    } else if (!stored && this.credentials) {
      void this.refresh(true);
    }
  }

  /** Asks for the state of the registration. removed: another tab has forgotten it, after it was done or given up. */
  private async refresh(removed = false): Promise<void> {
    const { credentials } = this;
    clearTimeout(this.poll);
    if (!credentials) return;
    const answer = await this.app.client.get(credentials);
    if (!this.isCurrent(credentials)) return;
    if (this.step === "form" && !removed) return; // the user has gone back meanwhile
    if (this.step === "waiting") this.waiting?.status(answer.status === 0 ? this.app.texts.get("connection.lost") : "");
    if (answer.ok && removed && answer.body.status !== "active") this.forget();
    else if (answer.ok) this.apply(answer.body);
    else if (isUnknown(answer)) this.forget();
    else this.askAgain(answer.retryAfter * 1000);
  }

  private askAgain(milliseconds = 0): void {
    const pause = Math.max(milliseconds, Math.min(maxPoll, 1000 * 1.5 ** this.asked++));
    clearTimeout(this.poll);
    this.poll = setTimeout(() => void this.refresh(), pause);
  }

  /** Shows a state of the registration. */
  private apply(r: Registration): void {
    switch (r.status) {
      case "pending_verification":
        if (r.verification) this.expectCode(r.verification);
        else this.wait();
        break;
      case "accepted":
        this.wait();
        break;
      case "active":
        this.finish(r.registration_id);
        break;
      case "rejected":
        this.forget();
        this.form?.refuse(r.refusal ?? "email_taken");
        break;
      case "failed": // a code that could not be sent does not end the registration
        if (r.verification) {
          this.expectCode(r.verification);
          this.code?.delayed();
        } else this.end(r.status);
        break;
      default:
        this.end(r.status);
    }
  }

  private expectCode(v: Verification): void {
    this.asked = 0;
    this.verification = v;
    if (this.credentials) this.app.store.writeRegistration(this.credentials, v);
    this.show("code");
  }

  private wait(): void {
    this.show("waiting");
    this.askAgain();
  }

  private finish(registrationID: string): void {
    void this.dropCookie();
    this.app.store.removeRegistration(registrationID);
    this.app.store.writeDraft({ fields: {} });
    this.sections.delete("form"); // it still has the password
    this.form = null;
    this.show("done");
    this.host.done(registrationID);
  }

  /** The API has said that the registration is closed. Its state has the reason. */
  private async findReason(): Promise<void> {
    const { credentials } = this;
    const answer = credentials && (await this.app.client.get(credentials));
    if (!this.isCurrent(credentials)) return;
    const status = answer?.ok ? answer.body.status : "expired";
    this.end(status === "superseded" || status === "failed" ? status : "expired");
  }

  private end(reason: string): void {
    this.show("closed");
    for (const e of all(this.section, "[data-closed]", HTMLElement)) e.hidden = e.dataset["closed"] !== reason;
  }

  private registered(r: Registration & Credentials): void {
    const isKnown = this.credentials?.registration_id === r.registration_id;
    if (!isKnown) void this.dropCookie();
    this.credentials = { registration_id: r.registration_id, registration_token: r.registration_token };
    this.app.store.writeRegistration(this.credentials, r.verification);
    if (this.stop.signal.aborted) return; // the element shows another language meanwhile, or is gone
    this.asked = 0;
    this.apply(r);
    if (isKnown) void this.refresh(); // the same answer as to the first request, so the state may have changed since
  }

  /** Forgets the registration and shows the form. The typed data stays. */
  private forget(): void {
    void this.dropCookie();
    if (this.credentials) this.app.store.removeRegistration(this.credentials.registration_id);
    this.credentials = null;
    this.verification = undefined;
    this.show("form");
    this.form?.renewKey();
  }

  /** The forms that work without a script remember a registration in a cookie, which a script cannot read or remove. */
  private async dropCookie(): Promise<void> {
    if (!this.app.data.registration) return;
    this.app.data.registration = null;
    await fetch("/signup/restart", { method: "POST", body: new URLSearchParams(), redirect: "manual" }).catch(() => undefined);
  }

  private submitted(e: SubmitEvent): void {
    const form = e.target;
    if (!(form instanceof HTMLFormElement) || form.dataset["form"] !== "restart") return;
    e.preventDefault();
    this.forget();
  }

  private get section(): HTMLElement {
    return must(this.main, ":scope > section", HTMLElement);
  }

  private show(step: Step): void {
    const previous = this.step;
    if (step !== "waiting") clearTimeout(this.poll);
    if (step !== previous) this.replace(step, previous);
    if (step === "form") this.form?.offerResume(this.credentials !== null);
    if (step === "code" && this.verification) this.code?.update(this.verification);
    if (step === previous) return;
    this.host.stepChanged(step, previous);
    if (step === "code") this.code?.focus();
    else find(this.section, "h1", HTMLElement)?.focus();
  }

  private replace(step: Step, previous: Step): void {
    const old = this.section;
    if (previous === "code") this.code?.leave();
    let section = this.sections.get(step);
    if (!section) {
      const template = must(this.main, `template[data-step="${step}"]`, HTMLTemplateElement);
      section = must(document.importNode(template.content, true), "section", HTMLElement);
    }
    old.replaceWith(section);
    this.main.dataset["step"] = step;
    if (!this.sections.has(step)) this.bind(step, section);
  }

  /** Connects the markup of a step. It stays connected, so that everything typed is there when the user comes back. */
  private bind(step: Step, section: HTMLElement): void {
    this.sections.set(step, section);
    if (step === "form") {
      this.form = new RegisterForm(section, this.app, {
        registered: (r) => this.registered(r),
        closed: (reason) => this.end(reason),
        resume: () => this.resume(),
      });
    } else if (step === "waiting") {
      this.waiting = new Notices(section, this.app.texts);
    } else if (step === "code") {
      this.code = new CodeStep(section, this.app, () => this.credentials, {
        verified: (r) => this.verified(r),
        resent: (r) => this.apply(r),
        outdated: () => void this.refresh(),
        closed: () => void this.findReason(),
      });
    }
  }

  private verified(r: Registration): void {
    this.apply(r);
    if (this.step !== "code") return;
    this.code?.next();
    this.code?.focus();
  }
}
