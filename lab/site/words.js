// How numbers, money and moments are written.

import { language } from "./texts.js";

const locale = () => (language() === "en" ? "en-GB" : "pt-BR");

/** Returns an amount of cents: `R$ 49,90`. */
export const reais = (cents) =>
  (cents / 100).toLocaleString("pt-BR", { style: "currency", currency: "BRL" }).replace(/\u00a0/g, " ");

/** Returns a moment's time of day, to the second. */
export const clock = (ms) => new Date(ms).toLocaleTimeString(locale(), { hour12: false });

/** Returns how long something took: `840 ms`, `4,5 s`, `3 min`. */
export function span(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 90_000) return `${(ms / 1000).toLocaleString(locale(), { maximumFractionDigits: 1 })} s`;
  return `${Math.round(ms / 60_000)} min`;
}

const PROVIDERS = {
  openpix: "OpenPix (Woovi)",
  efi: "Efí",
  asaas: "Asaas",
  pushinpay: "PushinPay",
  mercadopago: "Mercado Pago",
  abacatepay: "AbacatePay",
  pagbank: "PagBank",
};

/** Returns a PIX provider's name. */
export const providerName = (provider) => PROVIDERS[provider] ?? provider;

/** Returns the beginning and end of a long text. */
export const middle = (text, head = 10, tail = 6) =>
  text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
