// Everything that the page asks: of the lab, which served it, and of the window onto Rastro's records.

const JSON_BODY = { "Content-Type": "application/json" };

/** A call that was answered with a refusal. */
export class Refusal extends Error {}

async function ask(url, method = "GET", body) {
  const answer = await fetch(url, {
    method,
    cache: "no-store",
    headers: body === undefined ? {} : JSON_BODY,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(told.error ?? `${method} ${url}: ${answer.status}`);
  return told;
}

/** The lab: what happens outside Rastro, and what its counterparts have seen. */
export const lab = {
  config: () => ask("/_/config"),
  faults: () => ask("/_/faults"),
  charges: () => ask("/_/pix/charges"),
  events: () => ask("/_/graph/events"),
  requests: () => ask("/_/graph/requests"),
  messages: (person) => ask(`/_/telegram/chats/${person.chat_id}?bot_id=${person.bot_id}`),
  visited: (visit) => ask(`/visits/${visit.visit_id}`),
  visit: (person, url) => ask("/_/visits", "POST", { person: String(person.chat_id), url }),
  start: (person, payload) => ask("/_/telegram/start", "POST", { ...named(person), payload: payload || undefined }),
  press: (person, data) => ask("/_/telegram/press", "POST", { ...chat(person), data }),
  say: (person, text) =>
    ask("/_/telegram/update", "POST", { bot_id: person.bot_id, update: { message: written(person, text) } }),
  pay: (charge, person, repeat) =>
    ask(`/_/pix/charges/${encodeURIComponent(charge.charge_id)}/pay`, "POST", {
      payer_name: `${person.name} da Silva`,
      repeat,
    }),
  breakService: (service, mode) => ask(`/_/faults/${service}`, "PUT", { mode }),
  mendService: (service) => ask(`/_/faults/${service}`, "DELETE"),
};

/** Opens the window at an address; without one there is nothing to see. */
export function openWindow(url) {
  if (!url) return null;
  return {
    funnels: () => ask(`${url}/funnels`),
    trail: (person, token, lang) =>
      ask(
        `${url}/trail?${new URLSearchParams({ bot_id: person.bot_id, chat_id: person.chat_id, token: token ?? "", lang })}`,
      ),
    doctor: (paymentId, lang, width) =>
      ask(`${url}/doctor/${encodeURIComponent(paymentId)}?${new URLSearchParams({ lang, width })}`),
    cache: (running) => ask(`${url}/cache`, "PUT", { running }),
    resume: (pixelId) => ask(`${url}/pixels/${encodeURIComponent(pixelId)}/resume`, "POST", {}),
  };
}

const chat = (person) => ({ bot_id: person.bot_id, chat_id: person.chat_id });
const named = (person) => ({ ...chat(person), first_name: person.name, language: "pt-br" });

function written(person, text) {
  const sender = { id: person.chat_id, is_bot: false, first_name: person.name, language_code: "pt-br" };
  return {
    message_id: Date.now() % 1_000_000_000,
    date: Math.floor(Date.now() / 1000),
    from: sender,
    chat: { id: person.chat_id, type: "private", first_name: person.name },
    text,
  };
}
