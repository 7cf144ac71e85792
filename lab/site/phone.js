// The phone: the ad, what the redirect answered, and the chat with the messages that the bot really sent.

import { byId, h, icon, show } from "./dom.js";
import { PRESETS, state } from "./state.js";
import { language, t } from "./texts.js";
import { clock, reais, span } from "./words.js";

/** Draws the screen that the person looks at; `act` is what they can do there. */
export function drawPhone(scene, act) {
  byId("phone-title").textContent = t("phone.of", { name: state.person.name });
  const screen = byId("screen");
  screen.dataset.screen = state.screen;
  if (state.screen === "ad") drawAd(screen, act);
  else if (state.screen === "browser") drawBrowser(screen, act);
  else drawChat(screen, scene, act);
}

function statusBar() {
  return h(
    "div",
    { class: "status", "aria-hidden": "true" },
    h("span", {}, clock(Date.now()).slice(0, 5)),
    h("span", { class: "bars" }),
  );
}

function drawAd(screen, act) {
  show(screen, ["ad", state.preset, state.busy, language()], () => {
    const { ad, parameters, place } = PRESETS[state.preset];
    const press = (text) =>
      h("button", { type: "button", class: "cta", onclick: act.click, disabled: state.busy !== null }, text);
    const picture = h("img", { src: "/site/ad.svg", alt: "", width: "360", height: "360" });
    const face = h("div", { class: "face", "aria-hidden": "true" }, "D");
    if (!parameters) {
      return [
        statusBar(),
        h(
          "div",
          { class: "search" },
          face,
          h("strong", {}, botName()),
          h("p", {}, t("chat.empty")),
          press(t("ad.open_bot")),
        ),
      ];
    }
    const head = h(
      "div",
      { class: "post-head" },
      face,
      h("div", {}, h("strong", {}, "doce.oficio"), h("small", {}, ad ? t("ad.sponsored") : place)),
    );
    const words = h("p", { class: "post-text" }, h("strong", {}, "doce.oficio "), t(ad ? "ad.body" : "ad.bio"));
    const link = ad ? press(t("ad.more")) : press(t("ad.bio_link"));
    const offer = h(
      "div",
      { class: "offer" },
      h("div", {}, h("strong", {}, t("ad.headline")), h("small", {}, ad ? "R$ 49,90" : t("ad.followers"))),
      link,
    );
    return [
      statusBar(),
      h("div", { class: "place" }, place),
      h("article", { class: "post" }, head, picture, offer, words),
    ];
  });
}

let bot = "";

/** Tells the phone which bot the person talks to. */
export function nameBot(username) {
  bot = username;
}

const botName = () => `@${bot}`;

function drawBrowser(screen, act) {
  const { visit } = state;
  show(screen, ["browser", visit?.visit_id, visit?.status, language()], () => {
    const bar = h(
      "div",
      { class: "address" },
      h("button", { type: "button", class: "plain", "aria-label": t("phone.back"), onclick: act.back }, icon("back")),
      h("span", { class: "where" }, icon("lock"), ` ${visit ? new URL(visit.url).pathname.slice(1) : "…"}`),
    );
    return [statusBar(), bar, visit ? answer(visit, act) : h("p", { class: "opening" }, t("phone.opening"))];
  });
}

function answer(visit, act) {
  if (visit.status === null) return h("p", { class: "opening" }, t("phone.failed"));
  if (visit.location) return redirected(visit, act);
  const frame = h("iframe", { src: `/visits/${visit.visit_id}`, title: t("phone.frame") });
  requestAnimationFrame(() => listenInside(frame, act));
  return frame;
}

/** Takes over the links of a framed page as soon as it is there: they lead out of it, into the chat. */
function listenInside(frame, act) {
  if (!frame.isConnected) return;
  const page = frame.contentDocument;
  if (!page?.URL.includes("/visits/")) {
    requestAnimationFrame(() => listenInside(frame, act));
    return;
  }
  page.addEventListener("click", (press) => {
    const link = press.target.closest?.("a[href]");
    if (!link) return;
    press.preventDefault();
    act.openLink(link.href);
  });
}

function redirected(visit, act) {
  const [place, token] = visit.location.split("?start=");
  return h(
    "div",
    { class: "redirected" },
    h("p", { class: "code", "aria-hidden": "true" }, String(visit.status)),
    h("p", {}, t("phone.redirected")),
    h("p", { class: "mono" }, place.replace("https://", ""), "?start=", h("mark", {}, token ?? "")),
    h("button", { type: "button", class: "telegram", onclick: () => act.openLink(visit.location) }, t("phone.open")),
    h("p", { class: "small" }, t("phone.answered", { took: span(visit.took_ms) })),
  );
}

function drawChat(screen, scene, act) {
  const made = show(screen, ["chat", state.person.chat_id, language()], () => [
    statusBar(),
    h(
      "div",
      { class: "chat-head" },
      h("div", { class: "face", "aria-hidden": "true" }, "D"),
      h("div", {}, h("strong", {}, botName()), h("small", { id: "typing" })),
    ),
    h("div", { class: "log", id: "log", role: "log", tabindex: "0", "aria-label": t("chat.log") }),
    h("div", { class: "bank", id: "bank" }),
    h("div", { class: "foot", id: "foot" }),
  ]);
  byId("typing").textContent = t(state.busy === "bot" ? "chat.typing" : "chat.bot");
  byId("typing").classList.toggle("on", state.busy === "bot");
  drawLog(byId("log"), scene.messages ?? [], act, made);
  drawBank(byId("bank"), pendingCharge(scene), act);
  drawFoot(byId("foot"), act);
}

function drawLog(log, messages, act, made) {
  const wanted = new Map(messages.map((message) => [`m${message.message_id}`, message]));
  for (const row of [...log.children]) if (!wanted.has(row.id)) row.remove();
  if (messages.length === 0) {
    log.append(h("p", { class: "hint", id: "m0" }, t("chat.empty")));
    return;
  }
  let newest = null;
  for (const [id, message] of wanted) {
    let row = byId(id);
    if (!row) {
      row = h("div", { class: `row ${message.from.is_bot ? "in" : "out"}${made ? "" : " new"}`, id });
      log.append(row);
    }
    if (show(row, message, () => bubble(message, act))) newest = row;
  }
  // To the end, but no further than the top of what is new: it is read from there.
  if (newest) log.scrollTo({ top: newest.offsetTop - log.offsetTop - 10, behavior: made ? "auto" : "smooth" });
}

function bubble(message, act) {
  const [, started] = message.text?.match(/^\/start(?: (.*))?$/s) ?? [];
  const isStart = message.text?.startsWith("/start") && !message.from.is_bot;
  const picture = message.photo?.at(-1);
  const words = message.text ?? message.caption ?? "";
  const body = h(
    "div",
    { class: `bubble${picture ? " pictured" : ""}` },
    picture &&
      h("img", {
        src: `/_/telegram/files/${picture.file_id}`,
        alt: t("chat.qr"),
        width: picture.width,
        height: picture.height,
      }),
    words && h("p", {}, isStart ? "/start" : marked(words, message.entities ?? message.caption_entities ?? [])),
    h("time", {}, clock((message.edit_date ?? message.date) * 1000).slice(0, 5)),
  );
  const keyboard = (message.reply_markup?.inline_keyboard ?? []).map((row) =>
    h(
      "div",
      { class: "keys" },
      row.map((button) => key(button, act)),
    ),
  );
  const note = isStart && h("small", { class: "note" }, t(started ? "chat.with_token" : "chat.bare"));
  return [body, keyboard.length > 0 && h("div", { class: "keyboard" }, keyboard), note];
}

function key(button, act) {
  const press = () => {
    if (button.copy_text) act.copy(button.copy_text.text);
    else if (button.url) act.openLink(button.url);
    else act.press(button.callback_data);
  };
  return h("button", { type: "button", onclick: press }, button.text, button.url && icon("link"));
}

const TAGS = { bold: "strong", italic: "em", code: "code", pre: "code", underline: "u", strikethrough: "s" };

/** Returns a text as Telegram marks it up: entities count UTF-16 units, as JavaScript does. */
function marked(text, entities) {
  const edges = new Set([0, text.length]);
  for (const { offset, length } of entities) edges.add(offset).add(offset + length);
  const cuts = [...edges].sort((one, other) => one - other);
  return cuts.slice(0, -1).map((from, index) => {
    const until = cuts[index + 1];
    const around = entities.filter(
      ({ type, offset, length }) => TAGS[type] && offset <= from && until <= offset + length,
    );
    return around.reduce((inner, { type }) => h(TAGS[type], {}, inner), text.slice(from, until));
  });
}

/** Returns the unpaid charge whose code stands in the chat: the lab knows it by that alone. */
function pendingCharge(scene) {
  const texts = (scene.messages ?? []).map((message) => message.caption ?? message.text ?? "");
  return (scene.charges ?? []).findLast(
    (charge) => charge.status === "pending" && texts.some((text) => text.includes(charge.brcode)),
  );
}

function drawBank(bank, charge, act) {
  const paying = state.busy === "bank";
  bank.classList.toggle("open", Boolean(charge));
  show(
    bank,
    [charge?.charge_id, paying, language()],
    () =>
      charge && [
        h(
          "div",
          {},
          h("strong", {}, t("bank.title")),
          h("small", {}, t("bank.text", { amount: reais(charge.amount_cents) })),
        ),
        h(
          "button",
          { type: "button", class: "pay", disabled: paying, onclick: () => act.pay(charge) },
          t(paying ? "bank.paying" : "bank.pay"),
        ),
      ],
  );
}

function drawFoot(foot, act) {
  const due = state.payload !== undefined || !state.opened;
  show(foot, [due, language()], () => {
    if (due) return h("button", { type: "button", class: "start", onclick: act.start }, t("chat.start"));
    const input = h("input", {
      type: "text",
      autocomplete: "off",
      placeholder: t("chat.write"),
      "aria-label": t("chat.write"),
    });
    const send = (submit) => {
      submit.preventDefault();
      if (input.value.trim()) act.say(input.value.trim());
      input.value = "";
    };
    return h(
      "form",
      { class: "write", onsubmit: send },
      input,
      h("button", { class: "plain", "aria-label": t("chat.send") }, icon("send")),
    );
  });
}
