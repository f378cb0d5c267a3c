/**
 * The text that a page shows, in reading order, a piece at a time. It is compared with the vocabulary here in the
 * browser and goes nowhere else. What people type is not part of it: no fields, no editors.
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.pageText !== undefined) return; // run in this frame already, with what it remembers

  const SKIPPED = new Set([
    "script", "style", "noscript", "template", "textarea", "input", "select", "option", "datalist", "head", "svg", "math",
    "canvas", "object", "embed", "video", "audio", "iframe", "frame", "nav",
  ]);
  // Marks within a word leave it whole; other elements of a line part words, but a term may run across them.
  const WITHIN_WORDS = new Set(["b", "strong", "i", "em", "u", "s", "mark", "font", "sub", "sup", "wbr", "small"]);
  const WITHIN_LINES = new Set([
    "span", "a", "abbr", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "ins", "kbd", "q", "samp", "time", "var", "br",
    "label", "img", "slot",
  ]);
  const ELEMENTS_AT_MOST = 100_000;

  /** @param {Node} root @returns {Generator<string>} */
  function* textOf(root) {
    const { firstChild, nextSibling, nodeType, textContent, localName, shadowOf } = ours.dom;
    /** @type {{node: Node|null, after: string}[]} */
    const open = [{ node: root, after: "" }];
    let elements = 0;
    while (open.length > 0) {
      const level = open[open.length - 1];
      const node = level.node;
      if (node === null) {
        open.pop();
        if (level.after !== "") yield level.after;
        continue;
      }
      level.node = node === root ? null : nextSibling(node);
      const type = nodeType(node);
      if (type === Node.TEXT_NODE) yield textContent(node);
      else if (type === Node.ELEMENT_NODE && !isSkipped(node)) {
        if (++elements > ELEMENTS_AT_MOST) return;
        const around = betweenWords(localName(node));
        if (around !== "") yield around;
        open.push({ node: firstChild(node), after: around });
        const shadow = shadowOf(node);
        if (shadow !== null) open.push({ node: firstChild(shadow), after: ours.matching.BREAK });
      } else yield "";
    }
  }

  function isSkipped(element) {
    const { localName, attribute, hasAttribute } = ours.dom;
    if (SKIPPED.has(localName(element)) || hasAttribute(element, "hidden")) return true;
    const editable = attribute(element, "contenteditable");
    return (editable !== null && editable !== "false") || attribute(element, "aria-hidden") === "true";
  }

  function betweenWords(name) {
    return WITHIN_WORDS.has(name) ? "" : WITHIN_LINES.has(name) ? " " : ours.matching.BREAK;
  }

  ours.pageText = { textOf };
})();
