// Sends the request of one form until there is a definite answer. At most one request is under way.

import type { Answer, Challenge, Failure } from "./api";
import { setUnavailable } from "./dom";
import type { Notices } from "./notices";
import type { Texts } from "./text";

/** Solves a challenge. The result is empty if that is not possible. */
export type Solver = (challenge: Challenge, form: HTMLFormElement, signal: AbortSignal) => Promise<string>;

type Call<T> = (challengeResponse?: string) => Promise<Answer<T>>;

/** How often a request is repeated by itself while the service is unavailable. */
const maxRetries = 3;

/** A client solves at most as many challenges for one request; the next one comes if a solution was refused. */
const maxChallenges = 2;

/** How long a request takes before its progress is shown, in milliseconds. A status line that is shown earlier would only flicker. */
const progressDelay = 600;

export class Sender {
  private abort: AbortController | null = null;
  private waiting = false;
  private mayRepeat = true;
  private readonly label: string;

  constructor(
    private readonly form: HTMLFormElement,
    readonly button: HTMLButtonElement,
    private readonly notices: Notices,
    private readonly texts: Texts,
    private readonly solve: Solver,
  ) {
    this.label = button.textContent ?? "";
    form.addEventListener("input", () => this.endRepetitions()); // one would send what the form no longer shows
  }

  /** Whether a press of the button now would be a second click. */
  get busy(): boolean {
    return this.abort !== null && !this.waiting;
  }

  /** Whether a request is under way or waits to be repeated. */
  get pending(): boolean {
    return this.abort !== null;
  }

  /** Returns the definite answer, or null if the request was not sent or was given up. progress is the status meanwhile. */
  async send<T>(call: Call<T>, progress: string): Promise<Answer<T> | null> {
    if (this.busy) return null;
    this.cancel();
    const abort = new AbortController();
    this.abort = abort;
    this.mayRepeat = true;
    const answer = await this.repeat(call, progress, abort.signal);
    if (abort.signal.aborted) return null;
    this.cancel();
    return answer;
  }

  /** Sends the request no more. The answer to one that is under way still counts. */
  endRepetitions(): void {
    this.mayRepeat = false;
    if (this.waiting) this.cancel();
  }

  /** Gives up the request. */
  cancel(): void {
    if (!this.abort) return;
    this.abort.abort();
    this.abort = null;
    this.show(false, false);
    this.notices.status("");
  }

  private async repeat<T>(call: Call<T>, progress: string, signal: AbortSignal): Promise<Answer<T>> {
    let retries = 0;
    let challenges = 0;
    let response: string | undefined;
    for (;;) {
      const answer = await this.once(call, progress, response);
      if (answer.ok || signal.aborted || !this.mayRepeat) return answer;
      response = undefined;
      if (answer.challenge && challenges++ < maxChallenges) {
        this.notices.status(this.texts.get(answer.challenge.type === "altcha" ? "challenge.solving" : "challenge.widget"));
        response = await this.solve(answer.challenge, this.form, signal);
        if (!response) return answer;
      } else if (answer.status === 0) {
        await this.pause("connection.lost", backoff(retries++), signal);
      } else if (isTemporary(answer) && retries < maxRetries) {
        await this.pause("connection.retrying", answer.retryAfter * 1000 || backoff(retries), signal);
        retries++;
      } else {
        return answer;
      }
      if (signal.aborted) return answer;
    }
  }

  private async once<T>(call: Call<T>, progress: string, response: string | undefined): Promise<Answer<T>> {
    this.show(true, false);
    const timer = setTimeout(() => this.notices.status(progress), progressDelay);
    try {
      return await call(response);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits, or until the browser is online again. Meanwhile, the button repeats the request at once. */
  private async pause(key: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    this.notices.status(this.texts.get(key));
    this.show(false, true);
    await new Promise<void>((resolve) => {
      const stop = new AbortController();
      const done = (): void => {
        stop.abort();
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      addEventListener("online", done, { signal: stop.signal });
      signal.addEventListener("abort", done, { signal: stop.signal });
    });
  }

  private show(busy: boolean, waiting: boolean): void {
    this.waiting = waiting;
    setUnavailable(this.button, busy);
    const label = waiting ? this.texts.get("connection.retry") : this.label;
    if (this.button.textContent !== label) this.button.textContent = label;
  }
}

/** The outcome of such a request is unknown, or it was not carried out. The same request may be sent again. */
export function isTemporary(f: Failure): boolean {
  return f.status === 0 || f.status === 408 || f.status >= 500;
}

/** 2, 4, 8, then 15 seconds. */
function backoff(retries: number): number {
  return Math.min(15, 2 ** (retries + 1)) * 1000;
}
