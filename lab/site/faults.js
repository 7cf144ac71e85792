// The switches: what can be broken on the way, one fault a service at a time.

import { byId, h } from "./dom.js";
import { keep, state } from "./state.js";
import { t } from "./texts.js";

const GROUPS = [
  ["way", ["drops", "repeats"]],
  ["graph", ["graph.http_500", "graph.accept_then_timeout", "graph.token_error"]],
  ["telegram", ["telegram.http_500", "telegram.blocked_user"]],
  ["pix", ["pix.http_500"]],
  ["cache", ["cache"]],
];

/** Draws the switches; `turn` breaks or mends what a switch stands for. */
export function drawSwitches(turn) {
  byId("switches").replaceChildren(
    ...GROUPS.map(([group, names]) =>
      h(
        "div",
        { class: "group", role: "group", "aria-labelledby": `group-${group}` },
        h("h3", { id: `group-${group}` }, t(`fault.group.${group}`)),
        names.map((name) => drawSwitch(name, turn)),
      ),
    ),
  );
}

function drawSwitch(name, turn) {
  const id = `fault-${name.replace(".", "-")}`;
  const press = () => turn(name, byId(id).getAttribute("aria-checked") !== "true");
  return h(
    "div",
    { class: "fault" },
    h(
      "div",
      {},
      h("span", { class: "fault-name", id: `${id}-name` }, t(`fault.${name}`)),
      h("small", { id: `${id}-more` }, t(`fault.${name}.more`)),
    ),
    h(
      "button",
      {
        type: "button",
        role: "switch",
        id,
        class: "switch",
        "aria-checked": "false",
        "aria-labelledby": `${id}-name`,
        "aria-describedby": `${id}-more`,
        onclick: press,
      },
      h("span", {}),
    ),
  );
}

/** Shows what is broken at the moment. */
export function showFaults({ faults, trail, config }) {
  for (const name of GROUPS.flatMap(([, names]) => names)) {
    const button = byId(`fault-${name.replace(".", "-")}`);
    button?.setAttribute("aria-checked", String(isOn(name, faults, trail)));
    if (name === "cache") button.disabled = !config?.window;
  }
}

function isOn(name, faults, trail) {
  if (name in state) return state[name];
  if (name === "cache") return trail?.cache?.running === false;
  const [service, mode] = name.split(".");
  return faults?.[service]?.active === true && faults[service].mode === mode;
}

/** Breaks or mends what a switch stands for. */
export async function turnFault(name, on, lab, view) {
  if (name in state) {
    state[name] = on;
    keep();
  } else if (name === "cache") {
    await view?.cache(!on);
  } else {
    const [service, mode] = name.split(".");
    await (on ? lab.breakService(service, mode) : lab.mendService(service));
  }
}
