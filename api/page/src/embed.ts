// <registrar-signup>: the sign-up page as an element for pages of other origins.

import { readData } from "./app";
import { element } from "./dom";
import { Signup, type Step } from "./steps";

/** The origin that serves this script also serves the markup and the API. */
const base = new URL(import.meta.url).origin;

/** Styles of the page that elements would inherit must not change the form. Custom properties are inherited nevertheless. */
const reset = "#signup { all: initial; display: block; color-scheme: inherit; }";

class RegistrarSignup extends HTMLElement {
  static readonly observedAttributes = ["lang"];

  private readonly root = this.attachShadow({ mode: "open" }); // open, so that password managers find the fields
  private signup: Signup | null = null;
  private toldStep: Step | null = null;
  private loading: AbortController | null = null;

  connectedCallback(): void {
    this.root.append(element("slot")); // until the form is there, the element's own content is shown
    void this.load();
  }

  disconnectedCallback(): void {
    this.unload();
  }

  attributeChangedCallback(): void {
    if (this.signup) void this.load();
  }

  /** Shows the sign-up in the element's language. What was typed stays, except for the password. */
  private async load(): Promise<void> {
    this.unload();
    const loading = new AbortController();
    this.loading = loading;
    try {
      const fragment = await fetchFragment(this.language(), loading.signal);
      if (loading.signal.aborted) return;
      this.fill(fragment);
    } catch (e) {
      if (loading.signal.aborted) return;
      console.error("registrar-signup: no answer from " + base + ". Is " + origin + " in EMBED_ORIGINS?", e);
      this.showLoadError();
      addEventListener("online", () => void this.load(), { once: true, signal: loading.signal });
      return;
    }
    this.signup = new Signup(this.root, {
      base,
      stepChanged: (step) => this.tellStep(step),
      done: (registrationID) => this.tell("registrar-done", { registration_id: registrationID }),
    });
    this.signup.start();
    this.tellStep(this.signup.step);
  }

  private unload(): void {
    this.loading?.abort();
    this.signup?.close();
    this.signup = null;
  }

  /** Style sheets go in as objects, which the Content-Security-Policy of the page does not restrict. */
  private fill(fragment: Document): void {
    this.root.replaceChildren(...[...fragment.head.childNodes, ...fragment.body.childNodes].map((n) => document.adoptNode(n)));
    const { styles = [] } = readData(this.root);
    const size = textSize();
    this.root.adoptedStyleSheets = [reset, ...styles].map((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text.replace(/([\d.]+)rem\b/g, (_, n: string) => Number(n) * size + "px"));
      return sheet;
    });
    const country = this.getAttribute("country")?.toUpperCase();
    if (country) this.preselect(country);
  }

  /** The texts of the form come with it, so this one is only in English. */
  private showLoadError(): void {
    const line = element("p", "The sign-up form cannot be loaded: there is no connection, or it is not allowed on this site. ");
    const link = element("a", "Open it on its own page");
    link.href = base + "/";
    line.append(link);
    this.root.replaceChildren(element("slot"), line);
  }

  private preselect(country: string): void {
    const templates = [...this.root.querySelectorAll("template")].map((t) => t.content);
    for (const part of [this.root, ...templates]) {
      for (const select of part.querySelectorAll<HTMLSelectElement>("select[name=country]")) {
        for (const o of select.options) o.toggleAttribute("selected", o.value === country);
      }
    }
  }

  private language(): string {
    return this.lang || this.closest<HTMLElement>("[lang]")?.lang || navigator.language;
  }

  private tellStep(step: Step): void {
    if (step === this.toldStep) return;
    this.toldStep = step;
    this.tell("registrar-step", { step });
  }

  private tell(type: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** The size of text that the user has chosen in the browser, in pixels. The page around the form may have changed what rem means. */
function textSize(): number {
  const probe = element("span");
  probe.style.font = "medium serif";
  document.body.append(probe);
  const size = parseFloat(getComputedStyle(probe).fontSize);
  probe.remove();
  return size;
}

async function fetchFragment(lang: string, signal: AbortSignal): Promise<Document> {
  const url = base + "/signup/embed?lang=" + encodeURIComponent(lang);
  const answer = await fetch(url, { signal, credentials: "omit" });
  if (!answer.ok) throw new Error("status " + answer.status);
  return new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html");
}

interface Policy {
  createHTML(text: string): string;
}

/** A page with `require-trusted-types-for 'script'` must allow the policy registrar-signup: `trusted-types registrar-signup`. */
const policy = createPolicy();

function createPolicy(): Policy {
  const rules: Policy = { createHTML: (text) => text };
  const { trustedTypes } = window as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } };
  try {
    return trustedTypes?.createPolicy("registrar-signup", rules) ?? rules;
  } catch {
    return rules; // the page allows other policies only, but may not require one
  }
}

customElements.define("registrar-signup", RegistrarSignup);
