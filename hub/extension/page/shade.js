/**
 * What of ours stands in a page: in a closed shadow tree, so that neither the page's styles nor its scripts reach in, and
 * in the top layer, so that nothing of the page covers it. The sheets come as objects: a page that forbids inline styles
 * forbids them to nobody but itself.
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.shade !== undefined) return; // run in this frame already, with what it remembers

  const SHEET = `
    :host { all: initial; }
    dialog { all: unset; position: fixed; inset: 10vh 0 auto; margin: 0 auto; width: min(44rem, calc(100vw - 1.5rem)); height: min(35rem, 80vh); display: none; color-scheme: light dark; border-radius: 10px; box-shadow: 0 0 0 1px rgb(0 0 0 / .14), 0 12px 48px rgb(0 0 0 / .32); }
    dialog[open] { display: block; }
    dialog::backdrop { background: rgb(15 16 18 / .34); }
    iframe { all: unset; display: block; width: 100%; height: 100%; border-radius: 10px; background: light-dark(#fbfaf8, #16171a); }
    p { all: unset; position: fixed; inset: auto 1rem 1rem auto; max-width: min(26rem, calc(100vw - 2rem)); box-sizing: border-box; padding: .7rem 1rem; border-radius: 8px; font: 14px/1.45 ui-sans-serif, system-ui, "Segoe UI", Arial, sans-serif; color-scheme: light dark; color: light-dark(#1d1c1a, #ececea); background: light-dark(#fff, #1d1f23); border: 1px solid light-dark(#c9c3b8, #474b54); box-shadow: 0 4px 18px rgb(0 0 0 / .2); }
    p:not(:popover-open) { display: none; }
  `;
  const TOLD_FOR = 5_000;

  /** A place of ours in this page. @returns {{root: ShadowRoot, gone: () => boolean, remove: () => void}} */
  function stand() {
    const host = ours.dom.create("div");
    host.style.setProperty("all", "initial", "important");
    const root = host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
    root.adoptedStyleSheets = [sheet];
    ours.dom.rootElement().append(host);
    return { root, gone: () => !host.isConnected, remove: () => host.remove() };
  }

  let told = null;
  /** One sentence in the corner, for some seconds. */
  function say(sentence) {
    hush();
    told = stand();
    const place = told.root.appendChild(ours.dom.create("p"));
    place.setAttribute("role", "status");
    place.popover = "manual";
    place.showPopover();
    place.textContent = sentence;
    const mine = told;
    setTimeout(() => { if (told === mine) hush(); }, TOLD_FOR);
  }

  function hush() {
    told?.remove();
    told = null;
  }

  ours.shade = { stand, say, hush };
})();
