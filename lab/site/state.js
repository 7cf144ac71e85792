// What the person at the page has chosen and done; kept for as long as the tab lives.

const KEPT = "rastro-lab";
const NAMES = ["Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio", "Gabi", "Heitor", "Íris", "João", "Lia", "Marcos"];

/** Where a person can come from: what the ad's link carries, and where it is seen. */
export const PRESETS = {
  launch: {
    place: "Instagram",
    ad: true,
    parameters: {
      utm_source: "instagram",
      utm_medium: "cpc",
      utm_campaign: "lancamento-natal",
      utm_content: "video-forno",
      campaign_code: "NATAL26",
    },
  },
  remarketing: {
    place: "Facebook",
    ad: true,
    parameters: {
      utm_source: "facebook",
      utm_medium: "cpc",
      utm_campaign: "remarketing-carrinho",
      utm_content: "carrossel-2",
      utm_term: "visitou-7d",
      campaign_code: "RMK07",
    },
  },
  bio: { place: "Instagram", ad: false, parameters: { utm_source: "instagram", utm_medium: "bio" } },
  direct: { place: "Telegram", ad: false, parameters: null },
};

/** The person, their choices and where they are. */
export const state = load() ?? fresh();

/** Keeps the state for a reload of the page. */
export function keep() {
  const { busy: _busy, ...kept } = state;
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}

/** Lets another person take the phone; the choices stay. */
export function nextPerson() {
  const { preset, slug, drops, repeats } = state;
  Object.assign(state, fresh(), { preset, slug, drops, repeats });
  keep();
}

/** Returns the link that stands in the ad, or `null` for whoever opens the bot without one. */
export function adLink(api) {
  const { parameters, ad } = PRESETS[state.preset];
  if (!parameters) return null;
  const query = new URLSearchParams(parameters);
  if (ad) query.set("fbclid", state.fbclid);
  return `${api}/go/${state.slug}?${query}`;
}

function fresh() {
  return {
    preset: "launch",
    slug: "demo-page",
    screen: "ad",
    person: {
      chat_id: 100_000_000 + Math.floor(Math.random() * 899_999_999),
      name: NAMES[Math.floor(Math.random() * NAMES.length)],
    },
    fbclid: newFbclid(),
    visit: null,
    token: null,
    // What the next /start carries: a token, or nothing; `undefined` while no /start is due.
    payload: undefined,
    opened: false,
    drops: false,
    repeats: false,
    busy: null,
  };
}

function load() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    return kept && PRESETS[kept.preset] ? { ...fresh(), ...kept, payload: kept.payload } : null;
  } catch {
    return null;
  }
}

// Facebook's click id has no fixed form: letters, digits, "-" and "_", of any length, case-sensitive.
function newFbclid() {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  const random = crypto.getRandomValues(new Uint8Array(48));
  return `IwZXh0bgNhZW0${Array.from(random, (byte) => letters[byte % 64]).join("")}`;
}
