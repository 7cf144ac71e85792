// Keeps the register up to date while it is looked at.

const EVERY_MS = 3000;

async function renew() {
  if (document.hidden || document.querySelector("main:hover :focus")) return;
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const shown = document.querySelector("main");
  if (fresh.innerHTML !== shown.innerHTML) shown.replaceWith(document.adoptNode(fresh));
}

setInterval(() => renew().catch(() => {}), EVERY_MS);
