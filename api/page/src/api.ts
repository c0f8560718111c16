// The operations of the JSON API that the page calls. The types are the part of api/openapi.yaml that it uses.

export type Channel = "sms" | "email";

export type Status = "accepted" | "pending_verification" | "active" | "rejected" | "superseded" | "expired" | "failed";

/** The code that was sent last. The destination is masked; the times are RFC 3339. */
export interface Verification {
  channel: Channel;
  destination: string;
  expires_at: string;
  resend_after: string;
}

export interface Registration {
  registration_id: string;
  status: Status;
  refusal?: "email_taken" | "username_taken";
  verification?: Verification;
}

/** What a caller needs to continue a registration. */
export interface Credentials {
  registration_id: string;
  registration_token: string;
}

export interface RegistrationRequest {
  [field: string]: string | boolean | Attributes;
}

export type Attributes = Record<string, string | number | boolean>;

export interface ResendRequest {
  mobile_number?: string;
  channel?: Channel;
}

export interface PasswordCheck {
  accepted: boolean;
  score: number;
  /** Absent if the password is accepted. */
  errors?: FieldError[];
}

export interface FieldError {
  field: string;
  code: string;
  message: string;
}

export interface Challenge {
  type: "altcha" | "turnstile" | "hcaptcha";
  site_key?: string;
  algorithm?: string;
  challenge?: string;
  maxnumber?: number;
  salt?: string;
  signature?: string;
}

export interface Success<T> {
  ok: true;
  status: number;
  body: T;
}

/** A problem of the API. Without an answer, status is 0 and code is "offline": the request may have been carried out. */
export interface Failure {
  ok: false;
  status: number;
  code: string;
  /** A text of the service's own policy with refused_by_policy; otherwise English. Empty without an answer of the API. */
  detail: string;
  errors: FieldError[];
  /** Seconds, 0 if the answer does not say. */
  retryAfter: number;
  attemptsLeft?: number;
  challenge?: Challenge;
}

export type Answer<T> = Success<T> | Failure;

/** The server waits at most a few seconds for its database. A request without an answer after this time is lost. */
const timeout = 20_000;

/** A smaller difference of the clocks comes from the header's whole seconds and from the way of the answer, in milliseconds. */
const clockTolerance = 5000;

export class Client {
  /** Server time minus local time, in milliseconds. The times in answers are the server's. */
  private clockOffset = 0;

  /** base is the origin of the API, without a slash at the end. Empty: the page's own. */
  constructor(private readonly base: string) {}

  register(body: RegistrationRequest, key: string, challengeResponse?: string): Promise<Answer<Registration & Credentials>> {
    return this.call("POST", "/v1/registrations", { body, key, challengeResponse });
  }

  get(c: Credentials): Promise<Answer<Registration>> {
    return this.call("GET", path(c), { token: c.registration_token });
  }

  verify(c: Credentials, code: string): Promise<Answer<Registration>> {
    return this.call("POST", path(c) + "/verification", { token: c.registration_token, body: { code } });
  }

  resend(c: Credentials, body: ResendRequest, challengeResponse?: string): Promise<Answer<Registration>> {
    return this.call("POST", path(c) + "/otp", { token: c.registration_token, body, challengeResponse });
  }

  checkPassword(body: Record<string, string>): Promise<Answer<PasswordCheck>> {
    return this.call("POST", "/v1/password-checks", { body });
  }

  /** The time until t, in milliseconds by the server's clock; 0 if it is over. */
  until(t: string): number {
    return Math.max(0, Date.parse(t) - Date.now() - this.clockOffset) || 0; // a stored time may be broken
  }

  private async call<T>(method: string, url: string, o: Options): Promise<Answer<T>> {
    const headers = new Headers();
    if (o.body) headers.set("Content-Type", "application/json");
    if (o.token) headers.set("Authorization", "Bearer " + o.token);
    if (o.key) headers.set("Idempotency-Key", o.key);
    if (o.challengeResponse) headers.set("Challenge-Response", o.challengeResponse);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    try {
      const answer = await fetch(this.base + url, {
        method,
        headers,
        body: o.body ? JSON.stringify(o.body) : null,
        credentials: "omit",
        cache: "no-store",
        signal: abort.signal,
      });
      this.readClock(answer);
      return await read<T>(answer);
    } catch {
      return { ok: false, status: 0, code: "offline", detail: "", errors: [], retryAfter: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  private readClock(answer: Response): void {
    const offset = Date.parse(answer.headers.get("Date") ?? "") - Date.now();
    if (Math.abs(offset) > clockTolerance) this.clockOffset = offset;
  }
}

interface Options {
  body?: object;
  token?: string;
  key?: string;
  challengeResponse?: string | undefined;
}

function path(c: Credentials): string {
  return "/v1/registrations/" + encodeURIComponent(c.registration_id);
}

/** The most seconds that a client waits. setTimeout would fire at once after more than 24 days. */
const maxWait = 24 * 3600;

function secondsOf(text: string | null): number {
  const seconds = Number(text);
  return seconds > 0 ? Math.min(seconds, maxWait) : 0;
}

/** The answer of a proxy in front of the service may have no code. */
function codeOfProxy(status: number): string {
  if (status === 429) return "rate_limited";
  return status >= 500 ? "unavailable" : "internal";
}

async function read<T>(answer: Response): Promise<Answer<T>> {
  const { status } = answer;
  if (answer.ok) return { ok: true, status, body: (await answer.json()) as T };
  const failure: Failure = {
    ok: false,
    status,
    code: codeOfProxy(status),
    detail: "",
    errors: [],
    retryAfter: secondsOf(answer.headers.get("Retry-After")),
  };
  if (!answer.headers.get("Content-Type")?.startsWith("application/problem+json")) return failure;
  const problem = (await answer.json()) as {
    code: string;
    detail: string;
    errors?: FieldError[];
    attempts_left?: number;
    challenge?: Challenge;
  };
  failure.code = problem.code;
  failure.detail = problem.detail;
  failure.errors = problem.errors ?? [];
  if (problem.attempts_left !== undefined) failure.attemptsLeft = problem.attempts_left;
  if (problem.challenge) failure.challenge = problem.challenge;
  return failure;
}
