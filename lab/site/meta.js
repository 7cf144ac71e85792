// What Meta received: each event as Graph accepted it, its fields explained, and Graph's answers on the way.

import { byId, h, icon, show } from "./dom.js";
import { explained, fieldsOf } from "./fields.js";
import { state } from "./state.js";
import { known, language, t } from "./texts.js";
import { clock } from "./words.js";

const ORDER = ["PageView", "ViewContent", "InitiateCheckout", "Purchase"];
const hashes = new Map();

/** Draws the events of the person who has the phone. */
export function drawMeta(scene) {
  const ids = new Set(scene.trail?.event_ids ?? []);
  const events = (scene.events ?? []).filter((entry) => ids.has(entry.event.event_id));
  events.sort((one, other) => ORDER.indexOf(one.event.event_name) - ORDER.indexOf(other.event.event_name));
  byId("event-count").textContent = String(events.length);
  drawAttempts(byId("attempts"), scene, ids);
  drawEvents(byId("events"), events);
}

function drawEvents(list, events) {
  const nothing = events.length === 0;
  const keys = new Set(events.map(keyOf));
  for (const row of [...list.children]) if (nothing || !keys.has(row.dataset.key)) row.remove();
  if (nothing) {
    list.append(h("p", { class: "nothing" }, t("events.none")));
    return;
  }
  events.forEach((entry, index) => {
    let row = [...list.children].find((one) => one.dataset.key === keyOf(entry));
    if (!row) {
      row = h("details", { class: "event", "data-key": keyOf(entry), "data-event": entry.event.event_name });
      list.insertBefore(row, list.children[index] ?? null);
    }
    show(row, [language(), hashes.size], () => drawEvent(entry));
  });
}

const keyOf = (entry) => `${entry.event.event_id} ${entry.received_at_ms}`;

function drawEvent({ event, received_at_ms: receivedAt, pixel_id: pixelId }) {
  const what = `event.${event.event_name}`;
  const value = event.custom_data?.value;
  const money =
    value === undefined
      ? null
      : value.toLocaleString("pt-BR", { style: "currency", currency: event.custom_data.currency });
  return [
    h(
      "summary",
      {},
      h("span", { class: "event-name" }, h("strong", {}, event.event_name), known(what) && h("small", {}, t(what))),
      h(
        "span",
        { class: "event-facts" },
        money && h("b", {}, money),
        h("span", { class: `badge ${event.action_source}` }, event.action_source),
        h("time", {}, clock(receivedAt)),
      ),
    ),
    h("p", { class: "mono small" }, `pixel ${pixelId}`),
    h("dl", { class: "fields" }, fieldsOf(event).map(drawField)),
  ];
}

function drawField([name, value]) {
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return h(
    "div",
    {},
    h("dt", {}, name),
    h("dd", {}, h("span", { class: "mono" }, shown), h("span", { class: "says" }, explained(name)), proof(name, value)),
  );
}

/** Returns the proof that a hashed field is the hash of what it should be, where the page knows that. */
function proof(name, value) {
  const clear = { "user_data.external_id": String(state.person.chat_id), "user_data.country": "br" }[name];
  if (!clear) return null;
  const hash = sha256(clear);
  const said = Array.isArray(value) ? value : [value];
  return (
    hash &&
    said.includes(hash) &&
    h("span", { class: "proof" }, icon("check"), t("event.verified", { what: `“${clear}”` }))
  );
}

/** Returns a text's SHA-256 once it is known; the next drawing has it. */
function sha256(text) {
  if (!hashes.has(text) && crypto.subtle) {
    crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)).then((bytes) => {
      hashes.set(text, Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join(""));
    });
  }
  return hashes.get(text) ?? null;
}

function drawAttempts(place, scene, ids) {
  const ours = (scene.requests ?? []).filter((request) => request.event_ids.some((id) => ids.has(id)));
  const failed = ours.some((request) => request.status !== 200);
  show(place, [failed && ours.length, language()], () => {
    if (!failed) return [];
    const chips = ours.slice(-12).map((request) => {
      const good = request.status === 200;
      const names = request.event_ids.filter((id) => ids.has(id)).map((id) => id.split("_")[0]);
      return h(
        "li",
        { class: good ? "good" : "bad" },
        icon(good ? "check" : "cross"),
        `${request.status ?? t("events.no_answer")} · ${[...new Set(names)].join(", ")} · ${clock(request.at_ms)}`,
      );
    });
    return [h("p", { class: "small" }, t("events.attempts")), h("ul", { class: "attempts" }, chips)];
  });
}
