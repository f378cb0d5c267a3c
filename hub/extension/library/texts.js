/**
 * The hub's rendered HTML (sanitised there: attributes in double quotes, no script) for use outside the hub: links that
 * lead home from anywhere, nothing that only the hub's own pages need, and the same as plain text. Works on text, since
 * a service worker has no document.
 */

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[^\s=>"]+(?:="[^"]*")?)*)\s*\/?>/gi;
const ATTRIBUTE = /\s+([^\s=>"]+)(?:="([^"]*)")?/g;
const ONLY_HERE = new Set(["id", "class", "tabindex"]);
const BLOCKS = new Set(
  "address blockquote dd div dl dt figure h1 h2 h3 h4 h5 h6 hr ol p pre section table ul".split(" "),
);
/** @type {Record<string, string>} */
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** @param {string} html @param {string} address the hub's, without a slash at the end @returns {string} */
export function forOutside(html, address) {
  const text = html.replace(/<a\b[^>]*class="[^"]*footnote-backref[^"]*"[^>]*>.*?<\/a>/gi, "");
  return text.replace(TAG, (_, close, name, attributes) => {
    if (close) return `</${name}>`;
    const kept = String(attributes).replace(ATTRIBUTE, (whole, attribute, value) => {
      if (ONLY_HERE.has(attribute.toLowerCase())) return "";
      const leads = ["href", "src"].includes(attribute.toLowerCase()) && /^[/#?]/.test(value ?? "");
      if (!leads) return whole;
      return value.startsWith("/") && !value.startsWith("//") ? ` ${attribute}="${address}${value}"` : "";
    });
    return `<${name}${kept}>`;
  });
}

/** @param {string} html @returns {string} */
export function plainText(html) {
  let text = "";
  let at = 0;
  let pre = 0;
  for (const tag of html.matchAll(TAG)) {
    text = joined(text, piece(html.slice(at, tag.index), pre > 0), pre > 0);
    at = tag.index + tag[0].length;
    const [, close, given] = tag;
    const name = given.toLowerCase();
    if (name === "pre") pre = Math.max(0, pre + (close ? -1 : 1));
    if (name === "br") text += "\n";
    else if (name === "li") text += close ? "" : "\n- ";
    else if (name === "td" || name === "th") text += close ? "\t" : "";
    else if (name === "tr") text += close ? "" : "\n";
    else if (BLOCKS.has(name)) text += "\n\n";
  }
  return joined(text, piece(html.slice(at), pre > 0), pre > 0)
    .replace(/[ \t]+\n/g, "\n")
    .replace(/\n-\n+/g, "\n- ")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** A line does not begin with the space between two tags. @param {string} text @param {string} more @param {boolean} asWritten */
function joined(text, more, asWritten) {
  return text + (!asWritten && /(^|[\n\t ])$/.test(text) ? more.replace(/^ /, "") : more);
}

/** @param {string} source @param {boolean} asWritten */
function piece(source, asWritten) {
  const text = source.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? whole;
    const point = decimal ? Number(decimal) : parseInt(hex, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : "";
  });
  return asWritten ? text : text.replace(/[ \t\r\n]+/g, " ");
}

/**
 * The hub's highlighting (escaped text in which only `<mark>` is markup) as pieces of plain text.
 * @param {string} html @returns {import("../messages.js").Part[]}
 */
export function marked(html) {
  const parts = [];
  let mark = false;
  for (const part of html.split(/(<\/?mark>)/)) {
    if (part === "<mark>") mark = true;
    else if (part === "</mark>") mark = false;
    else if (part !== "") parts.push({ text: piece(part, true), mark });
  }
  return parts;
}
