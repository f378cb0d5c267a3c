// A review: notes on selected words, and where each note's words stand in the text. Without this file a paragraph is
// chosen from the list, and each note quotes its passage.
"use strict";

(() => {
  const find = (selector) => document.querySelector(selector);
  const text = find("#text");
  if (!text) return;
  const places = [find("#summary"), text].filter(Boolean);

  // White space differs between a text and its page: words are looked for without any.
  function rangeOf(quote) {
    const wanted = quote.replace(/\s+/g, "");
    if (!wanted) return null;
    for (const place of places) {
      const nodes = [], starts = [];
      let all = "";
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) { starts.push(all.length); nodes.push(walker.currentNode); all += walker.currentNode.data.replace(/\s+/g, ""); }
      const at = all.indexOf(wanted);
      if (at < 0) continue;
      const point = (index) => {
        let which = starts.findLastIndex((start) => start <= index);
        while (which > 0 && !nodes[which].data.trim()) which -= 1;
        let left = index - starts[which], offset = 0;
        for (const letter of nodes[which].data) { if (!/\s/.test(letter)) { if (left <= 0) break; left -= letter.length; } offset += letter.length; }
        return [nodes[which], offset];
      };
      const range = document.createRange();
      range.setStart(...point(at));
      const [last, offset] = point(at + wanted.length - 1);
      range.setEnd(last, Math.min(offset + 1, last.data.length));
      return range;
    }
    return null;
  }
  const ranges = new Map();
  for (const note of document.querySelectorAll("[data-quote]")) {
    const range = rangeOf(note.dataset.quote);
    if (range) ranges.set(note.id, range);
  }
  if (window.Highlight && CSS.highlights) CSS.highlights.set("noted", new Highlight(...ranges.values()));
  document.addEventListener("click", (event) => {
    const id = event.target.closest?.("[data-show]")?.dataset.show;
    const range = id && ranges.get(id);
    if (!range) return;
    if (window.Highlight && CSS.highlights) CSS.highlights.set("noted-here", new Highlight(range));
    range.startContainer.parentElement.closest("details")?.setAttribute("open", "");
    range.startContainer.parentElement.scrollIntoView({ block: "center" });
  });

  // --- a note on what is selected ----------------------------------------------------------------------------------
  const quote = find("#quote"), quoted = find("#quoted"), block = find("#f-block");
  if (!quote) return;
  function take(words) {
    quote.value = words;
    quoted.hidden = !words;
    quoted.textContent = words.length > 300 ? `${words.slice(0, 300)}…` : words;
    if (words) block.value = "";
  }
  if (quote.value) take(quote.value);
  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const inside = places.some((place) => place.contains(selection.anchorNode) && place.contains(selection.focusNode));
    const words = selection.toString().replace(/\s+/g, " ").trim();
    if (inside && words && words.length <= 2000) take(words);
  });
  block.addEventListener("change", () => { if (block.value) take(""); });
})();
