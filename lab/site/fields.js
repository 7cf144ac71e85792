// What each field of an event says, as Meta's pages define it and as Rastro fills it.

import { language } from "./texts.js";

/** Returns what a field says. */
export const explained = (name) => FIELDS[name]?.[language() === "en" ? 1 : 0] ?? "";

/** The fields in the order in which they are read; any other follows. */
const ORDER = [
  "event_name",
  "event_id",
  "event_time",
  "action_source",
  "event_source_url",
  "user_data.fbc",
  "user_data.fbp",
  "user_data.external_id",
  "user_data.client_ip_address",
  "user_data.client_user_agent",
  "user_data.fn",
  "user_data.ln",
  "user_data.country",
  "custom_data.value",
  "custom_data.currency",
  "custom_data.order_id",
  "custom_data.utm_source",
  "custom_data.utm_medium",
  "custom_data.utm_campaign",
  "custom_data.utm_content",
  "custom_data.utm_term",
  "custom_data.campaign_code",
];

/** Returns the fields of an event as pairs of name and value, those inside user_data and custom_data by their path. */
export function fieldsOf(event) {
  const pairs = Object.entries(event).flatMap(([name, value]) =>
    name === "user_data" || name === "custom_data"
      ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one])
      : [[name, value]],
  );
  const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return pairs.sort(([one], [other]) => rank(one) - rank(other));
}

const campaign = (what) => [`${what[0]}, como estava no link do anúncio.`, `${what[1]}, as the ad's link had it.`];

const FIELDS = {
  event_name: ["O que aconteceu, com o nome padrão da Meta.", "What happened, by Meta's standard name."],
  event_id: [
    "O nome único deste evento. Enviado de novo com o mesmo nome, a Meta conta uma vez só. O Pixel da página usa o mesmo.",
    "The event's unique name. Sent again under the same name, Meta counts it once. The page's Pixel uses the same.",
  ],
  event_time: [
    "Quando aconteceu de verdade (segundos, UTC): a hora do pagamento, não a do envio. A Meta aceita até 7 dias depois.",
    "When it really happened (seconds, UTC): the time of payment, not of sending. Meta takes it up to 7 days later.",
  ],
  action_source: [
    "website quando há um clique certo com página e navegador; chat quando a pessoa só é conhecida na conversa.",
    "website where a certain click has page and browser; chat where the person is known from the conversation only.",
  ],
  event_source_url: ["A página do clique, sem os parâmetros.", "The page of the click, without its parameters."],
  "user_data.fbc": [
    "O clique no anúncio: fb.1, a hora em que o fbclid foi visto, e o fbclid inteiro, sem cortar nem mudar as letras.",
    "The click on the ad: fb.1, the time when the fbclid was seen, and the fbclid whole, uncut and in its own case.",
  ],
  "user_data.fbp": ["O navegador, pelo cookie _fbp do Pixel.", "The browser, by the Pixel's cookie _fbp."],
  "user_data.external_id": [
    "O id da pessoa no Telegram, em hash SHA-256 já antes de sair daqui.",
    "The person's Telegram id, hashed by SHA-256 before it leaves.",
  ],
  "user_data.client_ip_address": [
    "O endereço de quem clicou. Só vai quando o clique é certamente desta pessoa.",
    "The address of whoever clicked. It goes only where the click is certainly this person's.",
  ],
  "user_data.client_user_agent": [
    "O navegador de quem clicou, como ele se apresentou.",
    "The browser of whoever clicked, as it introduced itself.",
  ],
  "user_data.country": [
    "Brasil (br), em hash: PIX sai de conta brasileira.",
    "Brazil (br), hashed: a PIX comes from an account in Brazil.",
  ],
  "user_data.fn": [
    "O primeiro nome de quem pagou, em hash. O nome claro nunca é gravado.",
    "The payer's first name, hashed. The clear name is never stored.",
  ],
  "user_data.ln": ["O sobrenome de quem pagou, em hash.", "The payer's last name, hashed."],
  "custom_data.value": ["O valor pago, em reais.", "The amount paid, in reais."],
  "custom_data.currency": ["A moeda.", "The currency."],
  "custom_data.order_id": ["O nosso id do pagamento.", "Our id of the payment."],
  "custom_data.content_ids": ["O que foi visto ou comprado (o sku).", "What was seen or bought (the sku)."],
  "custom_data.content_type": ["Que os ids são de produtos.", "That the ids are those of products."],
  "custom_data.content_name": ["O nome do produto ou do funil.", "The product's or the funnel's name."],
  "custom_data.contents": ["O que foi comprado, com quantidade e preço.", "What was bought, with quantity and price."],
  "custom_data.num_items": ["Quantos itens.", "How many items."],
  "custom_data.utm_source": campaign(["A origem", "The source"]),
  "custom_data.utm_medium": campaign(["O meio", "The medium"]),
  "custom_data.utm_campaign": campaign(["A campanha", "The campaign"]),
  "custom_data.utm_content": campaign(["O criativo", "The creative"]),
  "custom_data.utm_term": campaign(["O público ou termo", "The audience or term"]),
  "custom_data.campaign_code": campaign(["O código da campanha", "The campaign's code"]),
};
