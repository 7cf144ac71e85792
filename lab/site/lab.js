// The page of the lab: it asks what happened every moment, draws it, and does what the person at it wants.

import { byId, h, show } from "./dom.js";
import { drawDiagnosis, drawSales, widthOf } from "./doctor.js";
import { drawSwitches, showFaults, turnFault } from "./faults.js";
import { drawMeta } from "./meta.js";
import { drawPhone, nameBot } from "./phone.js";
import { adLink, keep, nextPerson, PRESETS, state } from "./state.js";
import { lab, openWindow, Refusal } from "./talk.js";
import { language, setLanguage, t, translate } from "./texts.js";
import { drawTrail } from "./trail.js";
import { providerName } from "./words.js";

const LOOK_MS = 700;
const TOAST_MS = 4000;
const THEMES = ["", "dark", "light"];

/** What was seen last. */
const scene = { config: null, faults: null, charges: [], events: [], requests: [], messages: [], trail: null };
let view = null;
let looking = null;
let toastTimer = 0;

const act = {
  click: () => busily("click", openAd),
  openLink: (url) => busily("click", () => openLink(url)),
  start: () => busily("bot", start),
  press: (data) => busily("bot", () => lab.press(state.person, data)),
  say: (text) => busily("bot", () => say(text)),
  pay: (charge) => busily("bank", () => lab.pay(charge, state.person, state.repeats ? 10 : 1)),
  copy: (text) =>
    navigator.clipboard?.writeText(text).then(
      () => toast(t("chat.copied")),
      () => toast(text),
    ),
  back: () => go("ad"),
  resume: (pixelId) =>
    busily("resume", async () => toast(t("trail.resumed", { count: (await view.resume(pixelId)).resumed }))),
};

/** Does something that takes its time; a second thing has to wait for the first. */
async function busily(kind, work) {
  if (state.busy !== null) return;
  state.busy = kind;
  draw();
  try {
    await work();
  } catch (error) {
    toast(error.message);
  } finally {
    state.busy = null;
    keep();
    await look();
  }
}

async function openAd() {
  const link = adLink(scene.config.api);
  tab("phone");
  if (link) await openLink(link);
  else open(null);
}

/** Opens a link as a phone does: ours in the browser, the bot's in the chat; any other is only told. */
async function openLink(url) {
  const bot = url.match(/^(?:https:\/\/t\.me\/\w+|tg:\/\/resolve)\?(.*)$/);
  if (bot) open(new URLSearchParams(bot[1]).get("start"));
  else if (url.startsWith(`${scene.config.api}/go/`)) await visit(url);
  else toast(t("chat.leads", { url }));
}

async function visit(url) {
  state.visit = null;
  go("browser");
  state.visit = await lab.visit(state.person, url);
  const [, token] = state.visit.leads_to?.split("start=") ?? [];
  state.token = token ?? state.token;
}

/** Opens the bot's chat, where a /start is due that carries the token. */
function open(token) {
  state.token = token ?? state.token;
  state.payload = token ?? null;
  go("chat");
}

async function start() {
  const payload = state.drops ? null : state.payload;
  state.payload = undefined;
  state.opened = true;
  draw();
  await lab.start(state.person, payload);
}

async function say(text) {
  const [, payload] = text.match(/^\/start(?: (\S+))?$/) ?? [];
  await (text.startsWith("/start") ? lab.start(state.person, payload) : lab.say(state.person, text));
}

function go(screen) {
  state.screen = screen;
  keep();
  draw();
}

/** Looks at everything once; what does not answer is as it was. */
async function look() {
  const asked = {
    faults: lab.faults(),
    charges: lab.charges(),
    events: lab.events(),
    requests: lab.requests(),
    messages: state.opened ? lab.messages(state.person) : [],
    trail: view?.trail(state.person, state.token, language()) ?? null,
  };
  const person = state.person.chat_id;
  const names = Object.keys(asked);
  const answers = await Promise.allSettled(Object.values(asked));
  if (person !== state.person.chat_id) return;
  if (state.busy === null && answers[names.indexOf("messages")].reason instanceof Refusal) {
    startOver(); // the lab was reset: it has forgotten this chat
    return;
  }
  answers.forEach((answer, index) => {
    if (answer.status === "fulfilled") scene[names[index]] = answer.value;
  });
  draw();
}

async function keepLooking() {
  if (!document.hidden) await look();
  looking = setTimeout(keepLooking, LOOK_MS);
}

function draw() {
  if (!scene.config) return;
  drawLink();
  drawPhone(scene, act);
  drawTrail(scene, act);
  drawMeta(scene);
  drawSales(scene.charges);
  showFaults(scene);
}

function drawLink() {
  const link = adLink(scene.config.api);
  byId("link-block").hidden = link === null;
  byId("click").disabled = state.busy !== null;
  byId("click").lastElementChild.textContent = t(link === null ? "ad.open_bot" : "ad.click");
  show(byId("link"), [link, language()], () => {
    if (link === null) return [];
    const [base, query] = link.split("?");
    const pairs = query.split("&").map((pair) => pair.split("="));
    return [
      h("span", {}, base),
      ...pairs.map(([name, value], index) => h("span", {}, index ? "&" : "?", h("b", {}, name), `=${value}`)),
    ];
  });
}

function drawPresets() {
  const choices = Object.keys(PRESETS).map((name) => {
    const radio = h("input", {
      type: "radio",
      name: "preset",
      value: name,
      checked: state.preset === name,
      onchange: () => choose({ preset: name }),
    });
    return h(
      "label",
      { class: "choice" },
      radio,
      h("span", {}, h("strong", {}, t(`preset.${name}`)), h("small", {}, t(`preset.${name}.more`))),
    );
  });
  byId("presets").replaceChildren(h("legend", {}, t("ad.from")), ...choices);
}

/** Takes a choice about the ad: it is for the next person, where this one is under way. */
function choose(choice) {
  if (state.visit || state.opened) nextPerson();
  adopt();
  Object.assign(state, choice, { screen: "ad" });
  forget();
}

function startOver() {
  nextPerson();
  adopt();
  forget();
}

function forget() {
  Object.assign(scene, { messages: [], trail: null });
  byId("diagnosis").replaceChildren();
  keep();
  draw();
  look();
}

function adopt() {
  const [bot] = scene.config.bots;
  state.person.bot_id = bot?.bot_id;
  nameBot(bot?.username ?? "bot");
}

async function fillFunnels() {
  const funnels = view ? await view.funnels().catch(() => []) : [];
  const select = byId("funnel");
  const order = (funnel) => [funnel.mode === "page" ? 0 : 1, funnel.slug === "demo" ? 0 : 1, funnel.slug].join();
  funnels.sort((one, other) => (order(one) < order(other) ? -1 : 1));
  const shown = funnels.length ? funnels : [{ slug: "demo", mode: "direct", provider: "openpix" }];
  select.replaceChildren(
    ...shown.map(({ slug, mode, provider }) =>
      h("option", { value: slug }, `${t(`mode.${mode}`)} · ${providerName(provider)}`),
    ),
  );
  if (!shown.some(({ slug }) => slug === state.slug)) state.slug = shown[0].slug;
  select.value = state.slug;
}

async function diagnose() {
  const place = byId("diagnosis");
  const paymentId = byId("sale").value;
  if (!view || !paymentId) return;
  try {
    drawDiagnosis(place, await view.doctor(paymentId, language(), widthOf(place)));
  } catch (error) {
    toast(error.message);
  }
}

/** On a phone one part of the page is shown at a time. */
function tab(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("[data-tab]")) {
    if (button.dataset.tab === name) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
}

function toast(text) {
  const place = byId("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => place.classList.remove("shown"), TOAST_MS);
}

function applyTheme() {
  document.documentElement.dataset.theme = localStorage.getItem("rastro-theme") ?? "";
}

function words() {
  translate();
  byId("language").textContent = language() === "en" ? "PT" : "EN";
  byId("language").setAttribute("aria-label", language() === "en" ? "PT: Português" : "EN: English");
  byId("language").lang = language() === "en" ? "pt-BR" : "en";
  drawPresets();
  drawSwitches(async (name, on) => {
    await turnFault(name, on, lab, view).catch((error) => toast(error.message));
    await look();
  });
  return fillFunnels();
}

function listen() {
  byId("click").addEventListener("click", () => {
    if (state.visit || state.opened) choose({});
    act.click();
  });
  byId("funnel").addEventListener("change", (change) => choose({ slug: change.target.value }));
  byId("again").addEventListener("click", () => {
    startOver();
    tab("phone");
  });
  byId("diagnose").addEventListener("click", diagnose);
  byId("language").addEventListener("click", async () => {
    setLanguage(language() === "en" ? "pt" : "en");
    await words();
    await look();
    if (byId("diagnosis").childElementCount) await diagnose();
  });
  byId("theme").addEventListener("click", () => {
    const now = THEMES.indexOf(document.documentElement.dataset.theme);
    localStorage.setItem("rastro-theme", THEMES[(now + 1) % THEMES.length]);
    applyTheme();
  });
  for (const button of document.querySelectorAll("[data-tab]"))
    button.addEventListener("click", () => tab(button.dataset.tab));
  document.addEventListener("visibilitychange", () => {
    clearTimeout(looking);
    if (!document.hidden) keepLooking();
  });
}

async function begin() {
  applyTheme();
  scene.config = await lab.config();
  view = openWindow(scene.config.window);
  if (state.visit) await lab.visited(state.visit).catch(() => nextPerson()); // of a lab that has been restarted since
  adopt();
  await words();
  listen();
  tab(document.body.dataset.view);
  draw();
  await keepLooking();
}

begin();
