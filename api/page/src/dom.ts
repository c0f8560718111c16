// Typed access to the markup, which templates/ defines.

export type Root = Document | ShadowRoot;

type Type<E> = new () => E;

/** The first element that matches, or null. */
export function find<E extends Element>(within: ParentNode, selector: string, type: Type<E>): E | null {
  const element = within.querySelector(selector);
  return element instanceof type ? element : null;
}

/** The first element that matches. The templates always have it. */
export function must<E extends Element>(within: ParentNode, selector: string, type: Type<E>): E {
  const element = find(within, selector, type);
  if (!element) throw new Error("the page has no " + selector);
  return element;
}

export function all<E extends Element>(within: ParentNode, selector: string, type: Type<E>): E[] {
  return [...within.querySelectorAll(selector)].filter((e): e is E => e instanceof type);
}

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, text = ""): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  e.textContent = text;
  return e;
}

/** An unavailable button stays focusable, so that a keyboard user keeps the place, and a press can explain itself. */
export function setUnavailable(button: HTMLElement, unavailable: boolean): void {
  if (unavailable) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

export function isUnavailable(button: HTMLElement): boolean {
  return button.getAttribute("aria-disabled") === "true";
}
