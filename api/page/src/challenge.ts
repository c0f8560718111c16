// Challenges that the API demands where a limit is used up.

import type { Challenge } from "./api";
import { element } from "./dom";

/** Returns the value of Challenge-Response, or "" if the challenge cannot be solved here. */
export async function solve(challenge: Challenge, form: HTMLFormElement, signal: AbortSignal): Promise<string> {
  try {
    return challenge.type === "altcha" ? await work(challenge, signal) : await ask(challenge, form, signal);
  } catch {
    return ""; // no connection, or a blocked third party; the user can still wait
  }
}

/** Solves ALTCHA's proof of work. Each hash is computed outside of the page's thread, so the page stays usable. */
async function work(c: Challenge, signal: AbortSignal): Promise<string> {
  const { algorithm = "SHA-256", challenge = "", salt = "", maxnumber = 0, signature = "" } = c;
  const { solveChallenge } = await import("./challenge-library");
  const { promise, controller } = solveChallenge(challenge, salt, algorithm, maxnumber);
  signal.addEventListener("abort", () => controller.abort());
  const solution = await promise;
  if (!solution) return "";
  return btoa(JSON.stringify({ algorithm, challenge, number: solution.number, salt, signature, took: solution.took }));
}

interface Widget {
  render(container: HTMLElement, options: object): unknown;
}

const widgets = {
  turnstile: { global: "turnstile", script: "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit" },
  hcaptcha: { global: "hcaptcha", script: "https://js.hcaptcha.com/1/api.js?render=explicit" },
};

/** Shows the widget of a third party in the form, until the user has solved it. */
async function ask(c: Challenge, form: HTMLFormElement, signal: AbortSignal): Promise<string> {
  const widget = widgets[c.type as keyof typeof widgets];
  if (!(widget.global in window)) await loadScript(widget.script);
  const { render } = (window as unknown as Record<string, Widget>)[widget.global] as Widget;
  const container = element("div");
  form.append(container);
  try {
    return await new Promise<string>((resolve, reject) => {
      signal.addEventListener("abort", reject);
      render(container, { sitekey: c.site_key, callback: resolve, "error-callback": reject });
    });
  } finally {
    container.remove();
  }
}

function loadScript(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = element("script");
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", reject);
    script.src = src;
    document.head.append(script);
  });
}
