/**
 * What this page is about: the deal by its address, the vocabulary by its words. The words are compared here, a few
 * milliseconds at a time; only the keys of what was found leave this script, and they stay in the browser.
 *
 * @typedef {{record: {source: string, external_id: string}|null, terms: {vocabulary: string, key: string}[]}} Seen
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.sight !== undefined) return; // run in this frame already, with what it remembers

  const LOOKED_FOR = new Set(["competitors", "products", "personas"]);
  const TERMS_AT_MOST = 50;
  // Pages of today come empty and fill themselves.
  const LOOKS = [600, 3_000];
  // Not a timer: in a tab that is behind another, timers wait for a second.
  const clock = { now: () => performance.now(), pause: () => scheduler.postTask(() => {}) };

  let book = null;
  let words = { stamp: "", automaton: null };
  let told = "";
  /** @type {Promise<Seen>|null} one look at a time: who asks meanwhile gets the same answer */
  let looking = null;
  const waiting = new Set();

  async function rules() {
    book ??= await ours.link.ask("rules");
    return book;
  }

  async function automaton() {
    const { stamp, words: given } = await ours.link.ask("vocabulary", words.stamp === "" ? {} : { stamp: words.stamp });
    if (given !== null) {
      const terms = given.filter(({ vocabulary }) => LOOKED_FOR.has(vocabulary));
      words = { stamp, automaton: await ours.matching.inSlices(ours.matching.building(terms), clock) };
    }
    return words.automaton;
  }

  /** @returns {Promise<Seen>} */
  function look() {
    looking ??= lookNow().finally(() => { looking = null; });
    return looking;
  }

  async function lookNow() {
    const { rules: known } = await rules();
    const record = ours.recognise.recordAt(location.href, known);
    const ready = await automaton();
    const found = ready === null ? [] : await ours.matching.inSlices(ours.matching.scanning(ready, ours.pageText.textOf(ours.dom.rootElement())), clock);
    return { record, terms: found.slice(0, TERMS_AT_MOST).map(({ vocabulary, key }) => ({ vocabulary, key })) };
  }

  /** Tell the worker how many assets fit, when that changed. */
  async function count() {
    const seen = await look();
    const now = JSON.stringify(seen);
    if (now === told) return;
    told = now;
    const { record, terms } = seen;
    let fits = 0;
    if (terms.length > 0) fits = (await ours.link.ask("suggest", { terms, limit: 1 })).total;
    else if (record !== null) fits = (await ours.link.ask("suggest", { deal: record, limit: 5 })).hits.length;
    ours.link.tell("fits", { count: fits });
  }

  function lookSoon() {
    stop();
    for (const wait of LOOKS) {
      const timer = setTimeout(() => {
        waiting.delete(timer);
        count().catch(() => {}); // not connected, or the extension is gone: no number then
      }, wait);
      waiting.add(timer);
    }
  }

  function stop() {
    waiting.forEach(clearTimeout);
    waiting.clear();
  }

  ours.sight = { rules, look, lookSoon, stop };
})();
