// The trail: the hops from the click to what Meta accepted, each as the records have it.

import { byId, h, icon, show } from "./dom.js";
import { PRESETS, state } from "./state.js";
import { known, language, t } from "./texts.js";
import { clock, middle, providerName, reais, span } from "./words.js";

const ICONS = { done: "check", now: "wait", idle: null, warn: "warn", bad: "cross", skip: "skip" };
const WAITING_FATES = new Set(["retried", "doubtful", "lapsed"]);
const STOPPED_FATES = new Set(["parked", "no_token", "rejected", "expired"]);

/** Draws the trail of the person who has the phone, and says aloud what is new in it. */
export function drawTrail(scene, act) {
  byId("whose").textContent = t("trail.whose", { name: state.person.name, chat: state.person.chat_id });
  const hops = hopsOf(scene);
  const list = byId("trail");
  const strip = byId("strip");
  if (list.children.length !== hops.length) {
    list.replaceChildren(...hops.map(() => h("li")));
    strip.replaceChildren(...hops.map(() => h("li")));
  }
  let before = null;
  hops.forEach((hop, index) => {
    const row = list.children[index];
    const since = before !== null && hop.at > before ? hop.at - before : null;
    if (hop.at !== undefined) before = hop.at;
    if (row.dataset.state !== hop.state) {
      if (row.dataset.state && hop.state !== "idle" && hop.state !== "now")
        speak(`${t(`hop.${hop.name}`)}: ${hop.text}`);
      row.dataset.state = hop.state;
      strip.children[index].dataset.state = hop.state;
    }
    show(row, [hop, since, language()], () => drawHop(hop, since, act));
  });
  drawVerdict(byId("verdict"), scene);
}

function drawHop(hop, since, act) {
  const mark = ICONS[hop.state];
  return [
    h("span", { class: "dot" }, mark && icon(mark)),
    h(
      "div",
      { class: "hop" },
      h(
        "h3",
        {},
        t(`hop.${hop.name}`),
        hop.badge && h("span", { class: `badge ${hop.badge}` }, t(`confidence.${hop.badge}`)),
      ),
      h("p", {}, hop.text),
      hop.code && h("p", { class: "mono" }, hop.code),
      hop.pixel &&
        h(
          "button",
          { type: "button", class: "secondary small", onclick: () => act.resume(hop.pixel) },
          t("trail.resume"),
        ),
    ),
    h(
      "span",
      { class: "when" },
      hop.at !== undefined &&
        [h("time", {}, clock(hop.at)), since !== null && h("small", {}, `+${span(since)}`)].filter(Boolean),
    ),
  ];
}

function speak(text) {
  const spoken = byId("spoken");
  spoken.append(h("span", {}, text));
  while (spoken.children.length > 4) spoken.firstChild.remove();
}

/** Returns the hops of the journey, each with its state: done, now, idle, warn, bad or skip. */
export function hopsOf({ trail }) {
  const steps = [clickHop, tokenHop, startHop, linkHop, chargeHop, paidHop, deliveredHop, queuedHop, acceptedHop];
  const hops = steps.map((step) => step(trail ?? {}));
  const next = hops.find((hop) => hop.state === "idle");
  if (next && !hops.some((hop) => hop.state === "now")) next.state = "now";
  return hops;
}

const idle = (name) => ({ name, state: "idle", text: t(`hop.${name}.idle`) });
const cameWithout = () => !PRESETS[state.preset].parameters && !state.visit;

function clickHop({ click, token }) {
  if (click) {
    const { utm_source: source, utm_campaign: named } = click.campaign;
    const text = t("hop.click.done", {
      from: named ? t("hop.click.campaign", { name: named }) : (source ?? t("hop.click.nothing")),
    });
    return {
      name: "click",
      state: "done",
      at: click.clicked_at_ms,
      text,
      code: click.fbclid && `fbclid ${middle(click.fbclid, 16, 6)}`,
    };
  }
  if (token || state.visit) return { name: "click", state: "now", text: t("hop.click.now") };
  return cameWithout() ? { name: "click", state: "skip", text: t("hop.click.skip") } : idle("click");
}

function tokenHop({ click, token }) {
  const code = token ?? state.token;
  if (code)
    return {
      name: "token",
      state: "done",
      at: click?.clicked_at_ms,
      text: t("hop.token.done"),
      code: middle(code, 22, 8),
    };
  return cameWithout() ? { name: "token", state: "skip", text: t("hop.token.skip") } : idle("token");
}

function startHop({ person }) {
  if (!person?.last_start_at_ms) return idle("start");
  const payload = person.last_start_payload ?? "bare";
  const stateOf = payload === "token" || cameWithout() ? "done" : "warn";
  return { name: "start", state: stateOf, at: person.last_start_at_ms, text: t(`hop.start.${payload}`) };
}

function linkHop({ person, payment }) {
  const link = payment && payment.link_confidence !== "none" ? payment : person;
  if (!link) return idle("link");
  if (link.link_confidence === "none") {
    return { name: "link", state: "warn", badge: "none", text: link.why?.text ?? t("hop.link.none") };
  }
  const source = `source.${link.link_source}`;
  const text = known(source) ? t(source) : link.link_source;
  return {
    name: "link",
    state: link.link_confidence === "certain" ? "done" : "warn",
    at: person?.linked_at_ms ?? undefined,
    badge: link.link_confidence,
    text,
  };
}

function chargeHop({ payment }) {
  if (!payment) return idle("charge");
  const about = { name: "charge", at: payment.created_at_ms, code: payment.payment_id };
  const failed = { created: "now", failed: "bad", expired: "warn" }[payment.status];
  if (failed) return { ...about, state: failed, text: t(`hop.charge.${payment.status}`) };
  return {
    ...about,
    state: "done",
    text: t("hop.charge.done", { amount: reais(payment.amount_cents), provider: providerName(payment.provider) }),
  };
}

function paidHop({ payment }) {
  if (!payment?.paid_at_ms) return idle("paid");
  const amount = reais(payment.amount_paid_cents ?? payment.amount_cents);
  if (payment.status === "refunded")
    return { name: "paid", state: "warn", at: payment.paid_at_ms, text: t("hop.paid.refunded") };
  return {
    name: "paid",
    state: "done",
    at: payment.paid_at_ms,
    text: t("hop.paid.done", { amount, provider: providerName(payment.provider) }),
  };
}

function deliveredHop({ payment }) {
  const delivery = payment?.delivery_state;
  if (!delivery || delivery === "none") return idle("delivered");
  if (delivery === "to_do") return { name: "delivered", state: "now", text: t("hop.delivered.to_do") };
  if (delivery === "unreachable") return { name: "delivered", state: "warn", text: t("hop.delivered.unreachable") };
  return { name: "delivered", state: "done", text: t("hop.delivered.done") };
}

function queuedHop({ payment, purchases = [] }) {
  const [row] = purchases;
  if (!row)
    return payment?.purchase_state === "held"
      ? { name: "queued", state: "now", text: t("hop.queued.held") }
      : idle("queued");
  if (row.status === "held") return { name: "queued", state: "now", at: row.created_at_ms, text: t("hop.queued.held") };
  return { name: "queued", state: "done", at: row.created_at_ms, text: t("hop.queued.done"), code: row.event_id };
}

function acceptedHop({ payment, purchases = [] }) {
  const [row] = purchases;
  if (!row || row.status === "held" || (row.fate === "queued" && !row.attempts)) return idle("accepted");
  if (row.status === "accepted") {
    const after = span(row.accepted_at_ms - (payment?.paid_at_ms ?? row.created_at_ms));
    const text = t("hop.accepted.done", { after, attempts: row.attempts });
    return {
      name: "accepted",
      state: "done",
      at: row.accepted_at_ms,
      text,
      code: row.fbtrace_id && `fbtrace_id ${row.fbtrace_id}`,
    };
  }
  const meaning = row.error && STOPPED_FATES.has(row.fate) ? row.error.meaning : row.meaning;
  const text = t("hop.accepted.waits", { meaning, attempts: row.attempts });
  if (WAITING_FATES.has(row.fate)) return { name: "accepted", state: "warn", text };
  if (STOPPED_FATES.has(row.fate))
    return { name: "accepted", state: "bad", text, pixel: row.status === "parked" ? row.pixel_id : null };
  return { name: "accepted", state: "now", text: t("hop.accepted.sending") };
}

function drawVerdict(verdict, { trail, config }) {
  if (!config.window) {
    verdict.hidden = false;
    show(verdict, ["no window", language()], () => [icon("warn"), h("span", {}, t("trail.no_window"))]);
    return;
  }
  const row = trail?.purchases?.[0];
  const payment = trail?.payment;
  const isOver = row?.status === "accepted" && payment?.paid_at_ms;
  verdict.hidden = !isOver;
  if (!isOver) return;
  const amount = reais(payment.amount_paid_cents ?? payment.amount_cents);
  const linked = payment.link_confidence === "certain";
  const named = trail.click?.campaign.utm_campaign ?? trail.click?.campaign.utm_source;
  const campaign = named ? t("verdict.campaign", { name: named }) : t("verdict.some_link");
  const text = linked
    ? t("verdict.linked", { amount, campaign, after: span(row.accepted_at_ms - payment.paid_at_ms) })
    : t("verdict.unlinked", { amount, why: payment.why?.text ?? "" });
  verdict.dataset.linked = String(linked);
  show(verdict, text, () => [icon(linked ? "check" : "warn"), h("span", {}, text)]);
}
