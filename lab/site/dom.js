// Small ways to make elements: no markup is ever built from text, so nothing that a record says can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** Returns the element of an id. */
export const byId = (id) => document.getElementById(id);

/** Makes an element: `on…` are listeners, `null` and `false` leave an attribute out, `true` sets it empty. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Makes one of the page's icons. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Puts children into an element when what they show has changed, and says whether it did. */
export function show(element, what, children) {
  const key = JSON.stringify(what);
  if (element.shown === key) return false;
  element.shown = key;
  element.replaceChildren(...[children()].flat().filter(Boolean));
  return true;
}
