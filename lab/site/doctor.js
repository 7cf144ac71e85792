// The doctor's answer for a sale: in a sentence, and as the command shows it in a terminal.

import { byId, h, icon, show } from "./dom.js";
import { known, language, t } from "./texts.js";
import { clock, reais } from "./words.js";

const ESCAPES = /\u001b\[([\d;]*)m/;
const STYLES = { 1: "bold", 2: "dim", 31: "red", 32: "green", 33: "yellow" };
const MOST_CHARACTERS = 110;

/** Fills the list of sales, newest first; the choice stays. */
export function drawSales(charges) {
  const select = byId("sale");
  const sales = [...charges].reverse();
  const chosen = select.value;
  const begun = hasBegun(select, sales);
  const changed = show(select, [sales.map(({ payment_id, status }) => [payment_id, status]), language()], () =>
    sales.length
      ? sales.map((charge) =>
          h(
            "option",
            { value: charge.payment_id },
            `${reais(charge.amount_cents)} · ${t(`charge.${charge.status}`)} · ${clock(charge.created_at_ms)} · …${charge.payment_id.slice(-6)}`,
          ),
        )
      : h("option", { value: "" }, t("doctor.none")),
  );
  if (changed && !begun && sales.some((charge) => charge.payment_id === chosen)) select.value = chosen;
  byId("diagnose").disabled = sales.length === 0;
}

// A sale that has just begun is the one to ask about.
function hasBegun(select, sales) {
  const count = Number(select.dataset.count ?? 0);
  select.dataset.count = String(sales.length);
  return sales.length > count;
}

/** Returns how many characters wide the terminal's page may be in the space that there is. */
export function widthOf(place) {
  const ruler = h("pre", { class: "terminal ruler" }, "m".repeat(50));
  place.append(ruler);
  const width = ruler.scrollWidth / 50;
  const room = place.clientWidth - 34;
  ruler.remove();
  return Math.min(MOST_CHARACTERS, Math.floor(room / (width || 8)));
}

/** Shows an answer of the doctor. */
export function drawDiagnosis(place, { document: found, terminal }) {
  const cause = found.root_cause;
  const source = `source.${found.payment.link_source}`;
  const how = known(source) ? t(source) : found.payment.link_source;
  const said = cause ? t("doctor.cause", { text: cause.text }) : t("doctor.linked", { how });
  place.replaceChildren(
    h("p", { class: "verdict", "data-linked": String(!cause) }, icon(cause ? "warn" : "check"), h("span", {}, said)),
    ...(cause ? [h("p", { class: "small" }, t("doctor.remedy", { text: cause.remedy }))] : []),
    h("p", { class: "small", id: "terminal-label" }, t("doctor.terminal")),
    h(
      "pre",
      { class: "terminal", tabindex: "0", role: "region", "aria-labelledby": "terminal-label" },
      `$ rastro doctor payment ${found.payment.payment_id} --profile local\n\n`,
      coloured(terminal),
    ),
  );
}

/** Returns a terminal's text as elements: its escapes name bold, dim and colours. */
function coloured(text) {
  const parts = text.split(ESCAPES);
  let classes = [];
  return parts
    .map((part, index) => {
      if (index % 2 === 0) return part && (classes.length ? h("span", { class: classes.join(" ") }, part) : part);
      for (const code of part.split(";")) classes = code === "0" || code === "" ? [] : [...classes, STYLES[code] ?? ""];
      return null;
    })
    .filter(Boolean);
}
