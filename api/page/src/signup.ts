// The sign-up page.

import { all, find } from "./dom";
import { Signup, type Step } from "./steps";

/** The state of an entry of the browser's history. */
interface State {
  step: Step;
  /** Whether the entry before is the form. */
  pushed?: boolean;
}

const current = (): State | null => history.state as State | null;

/** Whether the user moves through the history, which then needs no change. */
let inHistory = false;

const signup = new Signup(document, {
  base: "",
  startStep: current()?.step,
  stepChanged(step, previous) {
    setTitle();
    if (!inHistory) remember(step, previous);
  },
  done() {},
});
signup.start();
if (!current()) history.replaceState({ step: signup.step } satisfies State, "");

addEventListener("popstate", () => {
  inHistory = true;
  if (current()?.step === "form") signup.back();
  else signup.resume();
  inHistory = false;
});

/** The steps after the form are one entry, so that going back shows the form. */
function remember(step: Step, previous: Step): void {
  const pushed = current()?.pushed ?? false;
  if (step === "form" && pushed) history.back();
  else if (previous === "form" && !pushed) history.pushState({ step, pushed: true } satisfies State, "");
  else history.replaceState({ step, pushed } satisfies State, "");
}

/** A language link must not lose the step: a reload keeps the entry's state, a new address would not. */
for (const button of all(document, "[data-lang]", HTMLElement)) {
  button.addEventListener("click", (e) => {
    e.preventDefault();
    history.replaceState(history.state, "", "?lang=" + encodeURIComponent(button.dataset["lang"] ?? ""));
    location.reload();
  });
}

/** The title names the step; behind it, the server has put the name of the service. */
function setTitle(): void {
  const heading = find(document, "#signup h1", HTMLElement);
  const visible = [...(heading?.childNodes ?? [])].filter((n) => !(n instanceof HTMLElement && n.hidden));
  const text = visible.map((n) => n.textContent).join("").trim();
  const name = document.title.slice(document.title.lastIndexOf(" · "));
  document.title = text + name;
}
