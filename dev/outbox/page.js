const list = document.querySelector("main");
let tag = list.dataset.tag;

async function refresh() {
  const answer = await fetch(location.href, { headers: { "If-None-Match": tag } });
  if (answer.status !== 200) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  tag = answer.headers.get("ETag");
  document.getElementById("summary").replaceWith(fresh.getElementById("summary"));
  list.querySelector(".empty")?.remove();
  const newest = list.firstElementChild;
  for (const message of fresh.querySelectorAll("article")) {
    if (!document.getElementById(message.id)) list.insertBefore(message, newest);
  }
}

setInterval(async () => {
  let lost = false;
  try { await refresh(); } catch { lost = true; }
  document.body.classList.toggle("lost", lost);
}, 1500);
