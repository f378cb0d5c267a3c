/** The address bar: `hub`, a space, and what is looked for. */

const KINDS_SHOWN = 6;

/** For the address bar, which takes a little XML. @param {string} text */
export function escaped(text) {
  const entities = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" });
  // eslint-disable-next-line no-control-regex -- the bar refuses a whole list over one of them
  return text.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, " ").replace(/[&<>"']/g, (sign) => entities[sign]);
}

/** @param {import("./messages.js").Answer} answer @param {string} address the hub's
 *  @returns {{content: string, description: string}[]} */
export function suggestions(answer, address) {
  return answer.hits.slice(0, KINDS_SHOWN).map((hit) => {
    const title = hit.title_parts.map(({ text, mark }) => (mark ? `<match>${escaped(text)}</match>` : escaped(text))).join("");
    return { content: `${address}/assets/${encodeURIComponent(hit.slug)}`, description: `${title} <dim>${escaped(hit.kind.replaceAll("_", " "))}</dim>` };
  });
}

/** Where a choice leads: to the asset that was suggested, or to everything that was found.
 *  @param {string} chosen @param {string} address @param {string} root the extension's */
export function leadsTo(chosen, address, root) {
  if (address !== "" && chosen.startsWith(`${address}/assets/`)) return chosen;
  return `${root}surfaces/panel.html?q=${encodeURIComponent(chosen)}`;
}
