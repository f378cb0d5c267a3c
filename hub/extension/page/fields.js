/**
 * Where somebody writes: which elements take text, which one was the last, where its caret stood.
 *
 * The last one is remembered, because whoever asks for an insertion has the focus by then. Pages take fields away and
 * put others in their place; a field that is the same by its names takes its place here too.
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.fields !== undefined) return; // run in this frame already, with what it remembers

  const TAKES_TEXT = new Set(["text", "search", "url", "tel", "email"]);
  const TAKES_OTHER = new Set(["password", "number", "date", "datetime-local", "month", "week", "time", "file"]);
  const NAMES = ["id", "name", "aria-label", "data-testid", "placeholder", "role", "contenteditable"];

  /** @type {{element: HTMLElement, selection: object|null, names: string}|null} */
  let last = null;
  /** @type {(editable: boolean) => void} */
  let tell = () => {};

  /** The element that takes what is typed where `node` is, or null. */
  function fieldAt(node) {
    const { isEditable, parentNode } = ours.dom;
    if (node instanceof HTMLTextAreaElement) return node;
    if (node instanceof HTMLInputElement) return TAKES_TEXT.has(typeOf(node)) || TAKES_OTHER.has(typeOf(node)) ? node : null;
    if (!(node instanceof HTMLElement) || !isEditable(node)) return null;
    let host = node;
    for (let above = parentNode(host); above instanceof HTMLElement && isEditable(above); above = parentNode(host)) host = above;
    return host;
  }

  const typeOf = (input) => Reflect.get(HTMLInputElement.prototype, "type", input);
  const valueOf = (field) => Reflect.get(Object.getPrototypeOf(field), "value", field);

  /** Why this field takes no text, in a sentence; empty when it does. */
  function refusal(field) {
    if (!isForm(field)) return ours.dom.isEditable(field) ? "" : "This field cannot be changed.";
    if (field instanceof HTMLInputElement && typeOf(field) === "password") return "This is a password field.";
    if (field instanceof HTMLInputElement && TAKES_OTHER.has(typeOf(field))) return "This field does not take text.";
    if (Reflect.get(Object.getPrototypeOf(field), "readOnly", field)) return "This field is read-only.";
    return field.matches(":disabled") ? "This field is switched off." : "";
  }

  const isForm = (field) => field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;

  function selectionIn(element) {
    const root = ours.dom.rootOf(element);
    return (root instanceof ShadowRoot && root.getSelection ? root.getSelection() : ours.dom.selection()) ?? null;
  }

  /** Where the caret stands in a field, to put it back there. */
  function selectionOf(field) {
    if (isForm(field)) {
      const { selectionStart: from, selectionEnd: to } = field;
      return from === null ? null : { from, to };
    }
    const selection = selectionIn(field);
    if (!selection || selection.rangeCount === 0 || !ours.dom.contains(field, selection.anchorNode)) return null;
    return { range: selection.getRangeAt(0).cloneRange() };
  }

  function putBack(field, kept) {
    if (kept === null) return;
    if (isForm(field)) {
      field.setSelectionRange(kept.from, kept.to);
      return;
    }
    const { startContainer, startOffset, endContainer, endOffset } = kept.range;
    if (!ours.dom.contains(field, startContainer) || !ours.dom.contains(field, endContainer)) return;
    selectionIn(field)?.setBaseAndExtent(startContainer, startOffset, endContainer, endOffset);
  }

  /** Focus with the caret where it stood. @returns {boolean} whether the field has the focus now */
  function focusOn(field, kept) {
    if (fieldAt(ours.dom.deepActive()) !== field) ours.dom.focus(field, { preventScroll: true });
    if (fieldAt(ours.dom.deepActive()) !== field) return false;
    const now = selectionOf(field);
    if (kept !== null && !sameSelection(now, kept)) putBack(field, kept);
    return true;
  }

  function sameSelection(one, other) {
    if (one === null || one.range === undefined) return one !== null && one.from === other.from && one.to === other.to;
    return ["startContainer", "startOffset", "endContainer", "endOffset"].every((name) => one.range[name] === other.range[name]);
  }

  const namesOf = (field) => JSON.stringify([ours.dom.localName(field), ...NAMES.map((name) => ours.dom.attribute(field, name))]);

  function remember(field) {
    last = { element: field, selection: selectionOf(field), names: namesOf(field) };
  }

  /** The field to insert into, or null: the last one, or what took its place. */
  function lastField() {
    const active = fieldInUse();
    if (active !== null && active !== last?.element) remember(active);
    if (last === null) return null;
    if (ours.dom.isConnected(last.element)) return last;
    const heir = onlyOneLike(last);
    if (heir === null) return null;
    remember(heir);
    return last;
  }

  /** The whole of a letter in a frame (`designMode`) is always active there: whether it is in use shows when it is used. */
  function fieldInUse() {
    const field = fieldAt(ours.dom.deepActive());
    return field === ours.dom.bodyElement() ? null : field;
  }

  function onlyOneLike({ element, names }) {
    if (names === namesOf(ours.dom.create(ours.dom.localName(element)))) return null; // it had no names
    const alike = [...ours.dom.all(ours.dom.localName(element))].filter((other) => namesOf(other) === names);
    return alike.length === 1 ? fieldAt(alike[0]) : null;
  }

  /** @param {(editable: boolean) => void} told hears that this frame has the field in use, each time it is entered */
  function watch(told) {
    tell = told;
    const roots = new Set();
    const seen = (event) => {
      // A page may invent events, but not the browser's word that they are real.
      if (!event.isTrusted) return;
      const active = ours.dom.deepActive();
      const field = fieldAt(active);
      if (field !== null) {
        remember(field);
        tell(true); // each time: another frame may have been written in meanwhile
      }
      // A focus that moves within a shadow tree is heard of in that tree alone.
      for (let root = ours.dom.rootOf(active ?? document); root instanceof ShadowRoot; root = ours.dom.rootOf(root.host)) {
        if (roots.has(root)) continue;
        roots.add(root);
        ours.dom.on(root, "focusin", seen, { capture: true, passive: true });
      }
    };
    const moved = (event) => {
      if (!event.isTrusted || last === null) return;
      last.selection = selectionOf(last.element) ?? last.selection;
    };
    addEventListener("focusin", seen, { capture: true, passive: true });
    ours.dom.on(document, "selectionchange", moved, { capture: true, passive: true });
    if (lastField() !== null) tell(true);
    return () => {
      removeEventListener("focusin", seen, { capture: true });
      for (const root of roots) ours.dom.off(root, "focusin", seen, { capture: true });
      ours.dom.off(document, "selectionchange", moved, { capture: true });
      last = null;
    };
  }

  ours.fields = { watch, lastField, fieldAt, refusal, isForm, valueOf, selectionOf, focusOn };
})();
