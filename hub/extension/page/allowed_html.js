/**
 * HTML as it may go into somebody's message: built anew from an allow-list, so that nothing of it can run, load or look
 * like anything but text. No styles, classes or ids; links only where they lead out of the hub.
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.allowedHtml !== undefined) return; // run in this frame already, with what it remembers

  const KEPT = new Set([
    "p", "br", "strong", "b", "em", "i", "s", "del", "u", "sub", "sup", "ul", "ol", "li", "blockquote", "pre", "code", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a",
  ]);
  const DROPPED = new Set([
    "script", "style", "template", "iframe", "object", "embed", "svg", "math", "form", "input", "button", "select", "textarea",
    "title", "head", "noscript", "video", "audio", "canvas", "link", "meta", "base",
  ]);
  // Between these there is no text, only the source's line breaks; an editor that keeps spaces would show them as empty lines.
  const HOLD_BLOCKS = new Set(["body", "ul", "ol", "blockquote", "table", "thead", "tbody", "tr", "li"]);
  const LEADS = new Set(["http:", "https:", "mailto:", "tel:"]);
  const DEEPEST = 60;

  /** @param {string} html @returns {string} */
  function allowed(html) {
    const body = new DOMParser().parseFromString(html, "text/html").body;
    const clean = new DOMParser().parseFromString("", "text/html");
    for (const child of body.childNodes) copy(child, clean.body, 0);
    return clean.body.innerHTML;
  }

  function copy(node, into, depth) {
    if (node.nodeType === Node.TEXT_NODE) {
      const between = node.data.trim() === "" && node.data.includes("\n") && HOLD_BLOCKS.has(ours.dom.localName(into));
      if (!between) into.append(node.data);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || depth > DEEPEST) return;
    const name = ours.dom.localName(node);
    if (DROPPED.has(name) || ours.dom.attribute(node, "class")?.includes("footnote-backref")) return;
    let place = into;
    if (name === "img") into.append(ours.dom.attribute(node, "alt") ?? "");
    else if (KEPT.has(name) && (name !== "a" || leadsOut(node))) {
      place = into.ownerDocument.createElement(name);
      if (name === "a") place.setAttribute("href", ours.dom.attribute(node, "href").trim());
      into.append(place);
    }
    for (let child = ours.dom.firstChild(node); child !== null; child = ours.dom.nextSibling(child)) copy(child, place, depth + 1);
  }

  function leadsOut(link) {
    try {
      return LEADS.has(new URL((ours.dom.attribute(link, "href") ?? "").trim()).protocol);
    } catch {
      return false; // an address within the hub: it leads nowhere from somebody's message
    }
  }

  ours.allowedHtml = { allowed };
})();
