// The list is refreshed by comparing it with a new copy of the page. Messages that are shown already stay as they are, so
// that nothing that is open, selected or focused changes.
const main = document.querySelector("main");
const messages = main.querySelector(".messages");
let tag = main.dataset.tag;
let newest = 0; // the number of the last request; answers to earlier ones are dropped

// refresh shows what is new at the page's address. After a change of the filter, it also removes what no longer matches.
async function refresh(filterChanged) {
  const request = ++newest;
  try {
    const answer = await fetch(location.href, { headers: filterChanged ? {} : { "If-None-Match": tag } });
    const text = await answer.text();
    if (request !== newest) return;
    if (answer.status === 200) {
      show(new DOMParser().parseFromString(text, "text/html"), filterChanged);
      tag = answer.headers.get("ETag");
    } else if (answer.status !== 304) {
      throw new Error(`the server answered ${answer.status}`);
    }
    document.body.classList.remove("lost");
  } catch {
    if (request === newest) document.body.classList.add("lost");
  }
}

function show(page, filterChanged) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (part.innerHTML !== fresh.innerHTML && !part.contains(document.activeElement)) part.replaceChildren(...fresh.childNodes);
  }
  const selected = [...page.querySelectorAll("article")];
  if (filterChanged) {
    const ids = new Set(selected.map((message) => message.id));
    for (const message of [...messages.children]) if (!ids.has(message.id)) message.remove();
  }
  let next = messages.firstElementChild;
  for (const message of selected) {
    const shown = document.getElementById(message.id);
    if (shown) next = shown.nextElementSibling;
    else messages.insertBefore(message, next);
  }
}

async function poll() {
  await refresh(false);
  setTimeout(poll, 1500);
}
setTimeout(poll, 1500);

const form = document.querySelector("form[role=search]"); // only on the page with the list
let typing;
form?.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(applyFilter, 200);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  applyFilter();
});

function applyFilter() {
  const set = [...new FormData(form)].filter(([, value]) => value !== "");
  history.replaceState(null, "", set.length ? `?${new URLSearchParams(set)}` : form.action);
  refresh(true);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const code = button.parentElement.querySelector("output");
  try {
    await navigator.clipboard.writeText(code.textContent);
    report(button, "copied", "The code is copied.");
  } catch {
    getSelection().selectAllChildren(code);
    report(button, "press Ctrl+C", "The browser refused to copy. The code is selected: press Ctrl+C.");
  }
});

// report shows the result on the button for two seconds, and announces it to screen readers.
function report(button, text, announcement) {
  const region = document.getElementById("announcement");
  const code = button.parentElement.querySelector("output").textContent;
  button.textContent = text;
  button.ariaLabel = `${text}: the code ${code}`; // starts with what is visible, so that voice control finds it
  region.textContent = announcement;
  setTimeout(() => {
    button.textContent = "copy";
    button.ariaLabel = `copy the code ${code}`;
    region.textContent = "";
  }, 2000);
}
