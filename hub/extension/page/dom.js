/**
 * Reading a page's tree so that the page cannot interfere. A form answers `form.firstChild` with its field of that name,
 * in our world too; the getters of the prototypes, which are our world's own, answer with what is there.
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.dom !== undefined) return; // run in this frame already, with what it remembers

  const getter = (prototype, name) => Function.prototype.call.bind(Object.getOwnPropertyDescriptor(prototype, name).get);
  const method = (prototype, name) => Function.prototype.call.bind(prototype[name]);

  const firstChild = getter(Node.prototype, "firstChild");
  const nextSibling = getter(Node.prototype, "nextSibling");
  const parentNode = getter(Node.prototype, "parentNode");
  const nodeType = getter(Node.prototype, "nodeType");
  const textContent = getter(Node.prototype, "textContent");
  const isConnected = getter(Node.prototype, "isConnected");
  const rootOf = method(Node.prototype, "getRootNode");
  const contains = method(Node.prototype, "contains");
  const localName = getter(Element.prototype, "localName");
  const attribute = method(Element.prototype, "getAttribute");
  const hasAttribute = method(Element.prototype, "hasAttribute");
  const openRoot = getter(Element.prototype, "shadowRoot");
  const isEditable = getter(HTMLElement.prototype, "isContentEditable");
  const focus = method(HTMLElement.prototype, "focus");
  const activeIn = (root) => activeGetters[root instanceof ShadowRoot ? "shadow" : "document"](root);
  const activeGetters = {
    document: getter(Document.prototype, "activeElement"),
    shadow: getter(ShadowRoot.prototype, "activeElement"),
  };

  // A page may name its parts after what documents can do: <img name="execCommand"> is then what `document` answers.
  const ofDocument = (name) => { const act = method(Document.prototype, name); return (...given) => act(document, ...given); };
  const on = method(EventTarget.prototype, "addEventListener");
  const off = method(EventTarget.prototype, "removeEventListener");
  const rootElement = () => getter(Document.prototype, "documentElement")(document);
  const bodyElement = () => getter(Document.prototype, "body")(document);

  /** The shadow tree of an element, closed ones too where the browser lets extensions see them. */
  function shadowOf(element) {
    if (!(element instanceof HTMLElement)) return openRoot(element);
    try {
      return globalThis.chrome?.dom?.openOrClosedShadowRoot(element) ?? openRoot(element);
    } catch {
      return openRoot(element);
    }
  }

  /** What has the focus in this document, however deep in shadow trees. */
  function deepActive() {
    let active = activeIn(document);
    for (;;) {
      const root = active instanceof Element ? shadowOf(active) : null;
      const inner = root === null ? null : activeIn(root);
      if (inner === null) return active;
      active = inner;
    }
  }

  ours.dom = {
    firstChild, nextSibling, parentNode, nodeType, textContent, isConnected, rootOf, contains, localName, attribute,
    hasAttribute, isEditable, focus, shadowOf, deepActive, on, off, rootElement, bodyElement, create: ofDocument("createElement"),
    command: ofDocument("execCommand"), selection: ofDocument("getSelection"), all: ofDocument("querySelectorAll"),
  };
})();
