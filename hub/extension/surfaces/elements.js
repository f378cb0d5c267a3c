/** Elements made of text, never of HTML: what an asset says can only ever be read. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * `make("p", {class: "faint"}, "text", another)`; a function as value listens (`click: act`), true and false switch.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node|string|null|false|undefined)} inside
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...inside.filter((one) => one !== null && one !== false && one !== undefined && one !== "").map((one) => /** @type {any} */ (one)));
  return element;
}

/** @param {string} name of the hub's icons @returns {Element} */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `icons.svg#${name}`);
  picture.append(use);
  return picture;
}

/** @param {import("../messages.js").Part[]} parts @returns {(Node|string)[]} */
export function marking(parts) {
  return parts.map(({ text, mark }) => (mark ? make("mark", {}, text) : text));
}

/** @param {string} id @returns {HTMLElement} */
export function at(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id @param {...(Node|string|null|false)} inside */
export function fill(id, ...inside) {
  at(id).replaceChildren(...inside.filter((one) => one !== null && one !== false).map((one) => /** @type {any} */ (one)));
}

/** @type {ReturnType<typeof setTimeout>|undefined} */
let hiding;
/** Say what was done; for a few seconds, with a way back where there is one.
 *  @param {string} text @param {{bad?: boolean, undo?: () => void, stays?: boolean}} [how] */
export function say(text, { bad = false, undo } = {}) {
  clearTimeout(hiding);
  at("said").className = bad ? "said bad" : "said";
  const back = undo && make("button", { class: "btn", type: "button", click: () => { at("said").replaceChildren(); undo(); } }, "Take back");
  at("said").replaceChildren(icon(bad ? "warning" : "check"), make("span", {}, text), ...(back ? [back] : []));
  hiding = setTimeout(() => at("said").replaceChildren(), bad || undo ? 9_000 : 4_000);
}
