/**
 * Putting a text where somebody writes, as if they had pasted it: at the caret or over the selection, into the page's own
 * undo, and so that the page notices.
 *
 * A plain field takes it as typed text. An editor gets a paste first: those that keep a document of their own (ProseMirror,
 * Quill, Draft, Lexical, CKEditor and their like) take it, put it in their form and into their history, and say so by
 * stopping the event. Where nobody takes it, the browser's own editing command inserts it. A page is never written
 * to behind its back: what would leave its undo or its state behind is not tried, the answer says so instead.
 *
 * @typedef {{inserted: boolean, says: string}} Inserted
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.insert !== undefined) return; // run in this frame already, with what it remembers

  const PATIENCE = 600;
  const turn = (milliseconds = 0) => new Promise((done) => { setTimeout(done, milliseconds); });
  const not = (says) => ({ inserted: false, says });

  /**
   * @param {{html: string, text: string}} content @returns {Promise<Inserted>}
   */
  async function insert({ html, text }) {
    const place = ours.fields.lastField();
    if (place === null) return not(nowhere());
    const field = place.element;
    const refused = ours.fields.refusal(field);
    if (refused !== "") return not(refused);
    if (!ours.fields.focusOn(field, place.selection)) return not("The field cannot be reached any more. Click into it and try again.");
    await turn(); // editors read the caret from an event that follows the focus
    if (!ours.dom.isConnected(field)) return not("The field went away. Click into it and try again.");
    return ours.fields.isForm(field) ? intoForm(field, text) : intoEditor(field, html, text);
  }

  function nowhere() {
    const active = ours.dom.deepActive();
    if (active instanceof HTMLIFrameElement) return "You write in a part of the page that comes from another site, which the hub may not reach.";
    return "Click where you want the text to go, and try again.";
  }

  function intoForm(field, text) {
    const one = field instanceof HTMLInputElement ? text.replace(/\s*[\r\n]+\s*/g, " ").trim() : text;
    const before = ours.fields.valueOf(field);
    const { from, to } = ours.fields.selectionOf(field) ?? { from: 0, to: 0 };
    const room = field.maxLength < 0 ? Infinity : field.maxLength - (before.length - (to - from));
    if (one.length > room) return not(`The field takes ${Math.max(room, 0)} more characters and the text has ${one.length}.`);
    ours.dom.command("insertText", false, one);
    return ours.fields.valueOf(field) === before ? not("The field did not take the text.") : { inserted: true, says: "" };
  }

  async function intoEditor(field, html, text) {
    const clean = ours.allowedHtml.allowed(html);
    const rich = ours.dom.attribute(field, "contenteditable") !== "plaintext-only";
    const before = ours.dom.textContent(field);
    const changed = () => ours.dom.isConnected(field) && ours.dom.textContent(field) !== before;
    if (pasteIsTaken(field, rich ? clean : "", text)) {
      for (let waited = 0; waited < PATIENCE; waited += 20) {
        if (changed()) return { inserted: true, says: "" };
        await turn(20);
      }
      return not("The page stopped the text from going in.");
    }
    if (rich) ours.dom.command("insertHTML", false, clean);
    if (!changed()) ours.dom.command("insertText", false, text);
    await turn();
    return changed() ? { inserted: true, says: "" } : not("The field did not take the text.");
  }

  /**
   * Paste, as far as a script can: the event of the clipboard, then, for those who wait for it (Slate), the event of the
   * change that it would make. Whoever does it himself stops the event.
   */
  function pasteIsTaken(field, html, text) {
    const target = caretElement(field);
    const options = { bubbles: true, cancelable: true, composed: true };
    const paste = new ClipboardEvent("paste", { ...options, clipboardData: carrying(html, text) });
    if (!target.dispatchEvent(paste)) return true;
    const range = ours.fields.selectionOf(field)?.range;
    const targetRanges = range === undefined ? [] : [new StaticRange(range)];
    const change = { ...options, inputType: "insertFromPaste", dataTransfer: carrying(html, text), targetRanges };
    return !target.dispatchEvent(new InputEvent("beforeinput", change));
  }

  function carrying(html, text) {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    if (html !== "") data.setData("text/html", html);
    return data;
  }

  function caretElement(field) {
    const at = ours.fields.selectionOf(field)?.range.startContainer ?? field;
    return (at instanceof Element ? at : ours.dom.parentNode(at)) ?? field;
  }

  ours.insert = { insert };
})();
