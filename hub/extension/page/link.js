/**
 * The one script in pages that touches the browser: asking the worker, hearing from it (`messages.js` says what).
 * What the page itself says, by `postMessage` or by events of its own making, is not listened to anywhere.
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.link !== undefined) return; // run in this frame already, with what it remembers

  const GONE = "The extension was changed meanwhile. Reload this page.";

  /** After the extension was updated or removed its scripts live on in open pages, and belong to nobody. */
  const isAlive = () => globalThis.chrome?.runtime?.id !== undefined;

  /** @param {string} type @param {object} [fields] @returns {Promise<any>} throws an Error with `code` */
  async function ask(type, fields = {}) {
    let reply = null;
    try {
      if (isAlive()) reply = await chrome.runtime.sendMessage({ type, ...fields });
    } catch {
      // the worker went away while it answered
    }
    if (reply?.ok === true) return reply.answer;
    throw Object.assign(new Error(reply?.says ?? GONE), { code: reply?.code ?? "gone" });
  }

  /** Say it; nobody waits for an answer. */
  const tell = (type, fields) => { ask(type, fields).catch(() => {}); };

  /** @param {Record<string, (message: any) => Promise<any>>} deeds @returns {() => void} stops listening */
  function answerTo(deeds) {
    const hear = (message, sender, reply) => {
      // The worker has no tab. Our script in another frame has one, and that frame's page may have taken it over.
      const known = sender.id === chrome.runtime.id && sender.tab === undefined;
      if (!known || typeof message?.type !== "string" || !Object.hasOwn(deeds, message.type)) return false;
      deeds[message.type](message).then(
        (answer) => reply({ ok: true, answer }),
        (trouble) => reply({ ok: false, code: trouble.code ?? "failed", says: trouble.message }),
      );
      return true;
    };
    chrome.runtime.onMessage.addListener(hear);
    return () => { if (isAlive()) chrome.runtime.onMessage.removeListener(hear); };
  }

  const addressOf = (path) => chrome.runtime.getURL(path);
  const origin = () => `chrome-extension://${chrome.runtime.id}`;

  ours.link = { isAlive, ask, tell, answerTo, addressOf, origin };
})();
