/**
 * Which words of the vocabulary a text contains. Pure: no page, no browser; runs as a classic script in pages and in Node.
 *
 * Aho–Corasick over code points: one pass whatever the number of words, so a hostile text cannot make it slow. What
 * makes a word is decided where it begins and ends, by script: “acme” is not in “acmeist”, but 競合 is in 競合他社, and
 * a Korean word may carry its particle. A word inside a longer one that is found does not count. Building and scanning
 * are generators that stop every few hundred steps, for whoever must not hold a page up.
 *
 * @typedef {{vocabulary: string, key: string, words: string[]}} VocabularyWord
 * @typedef {{vocabulary: string, key: string, count: number}} FoundTerm
 * @typedef {{terms: VocabularyWord[], edges: Map<number, number>, fail: Uint32Array, shorter: Uint32Array,
 *            ends: Map<number, {exact: string, term: number}[]>, depth: Uint32Array, longest: number}} Automaton
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.matching !== undefined) return; // run in this frame already, with what it remembers

  /** Stands between blocks of a page: no word runs across it. */
  const BREAK = "\u0000";
  const WORDS_AT_MOST = 20_000;
  const LETTERS_AT_MOST = 400_000;
  const LONGEST_WORD = 100;
  const STEPS = 400;
  const CODE_POINTS = 0x110000;

  const APART = 0, SPACED = 1, UNSPACED = 2, KATAKANA = 3, HANGUL = 4;
  const known = new Uint8Array(0x10000).fill(255);

  /** @param {number} point */
  function kindOf(point) {
    if (point > 0xffff) return kindOfLetter(String.fromCodePoint(point));
    if (known[point] === 255) known[point] = kindOfLetter(String.fromCharCode(point));
    return known[point];
  }

  /** @param {string} letter */
  function kindOfLetter(letter) {
    if (/[\p{Script=Katakana}\u30fc]/u.test(letter)) return KATAKANA;
    if (/\p{Script=Hangul}/u.test(letter)) return HANGUL;
    if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(letter)) return UNSPACED;
    return /[\p{L}\p{N}\p{M}\p{Pc}]/u.test(letter) ? SPACED : APART;
  }

  /** May a word begin between these two? @param {number} before @param {number} first */
  const beginsAt = (before, first) => {
    const kind = kindOf(first);
    return kind === APART || kind === UNSPACED || kindOf(before) !== kind;
  };
  /** May a word end between these two? @param {number} last @param {number} after */
  const endsAt = (last, after) => kindOf(last) === HANGUL || beginsAt(last, after);

  /** The same word written differently, made the same; capitals are kept. @param {string} text */
  function folded(text) {
    return text
      .normalize("NFKD")
      .replace(/[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]/g, "")
      .normalize("NFC")
      .replace(/[\s\p{Pd}]+/gu, " ");
  }

  /** @param {string} letter */
  function small(letter) {
    const lower = letter.toLowerCase();
    const point = /** @type {number} */ (lower.codePointAt(0));
    return lower.length === (point > 0xffff ? 2 : 1) ? point : /** @type {number} */ (letter.codePointAt(0));
  }

  /** “IT” and “CS” are words of their own only as they are written. @param {string} word */
  const isAbbreviation = (word) => word.length <= 3 && /^\p{Lu}[\p{Lu}\p{N}]+$/u.test(word);

  /**
   * @param {VocabularyWord[]} terms @returns {Generator<void, Automaton>}
   */
  function* building(terms) {
    const edges = new Map();
    const ends = new Map();
    const points = [0], parents = [0];
    let words = 0, longest = 0;
    for (const [index, term] of terms.entries()) {
      for (const written of term.words) {
        const word = folded(String(written).slice(0, 4 * LONGEST_WORD)).trim();
        const letters = [...word];
        if (letters.length < 2 && kindOf(letters.length ? small(letters[0]) : 0) !== UNSPACED) continue;
        if (letters.length > LONGEST_WORD || words === WORDS_AT_MOST || points.length + letters.length > LETTERS_AT_MOST) continue;
        let node = 0;
        for (const letter of letters) {
          const point = small(letter);
          const edge = node * CODE_POINTS + point;
          let next = edges.get(edge);
          if (next === undefined) {
            next = points.push(point) - 1;
            parents.push(node);
            edges.set(edge, next);
          }
          node = next;
        }
        if (!ends.has(node)) ends.set(node, []);
        ends.get(node).push({ exact: isAbbreviation(word) ? word : "", term: index });
        longest = Math.max(longest, letters.length);
        if (++words % 50 === 0) yield;
      }
    }
    const automaton = {
      terms, edges, ends, longest, fail: new Uint32Array(points.length), shorter: new Uint32Array(points.length),
      depth: new Uint32Array(points.length),
    };
    yield* linking(automaton, points, parents);
    return automaton;
  }

  /** Where to go on when no edge fits, nearest to the root first. @param {Automaton} automaton */
  function* linking({ edges, ends, fail, shorter, depth }, points, parents) {
    for (let node = 1; node < points.length; node++) depth[node] = depth[parents[node]] + 1; // a parent is always made first
    let steps = 0;
    for (const node of byDepth(depth)) {
      if (depth[node] > 1) {
        let from = fail[parents[node]];
        let to = edges.get(from * CODE_POINTS + points[node]);
        while (to === undefined && from !== 0) {
          from = fail[from];
          to = edges.get(from * CODE_POINTS + points[node]);
          steps++;
        }
        fail[node] = to ?? 0;
        shorter[node] = ends.has(fail[node]) ? fail[node] : shorter[fail[node]];
      }
      if (++steps >= STEPS) { steps = 0; yield; }
    }
  }

  /** The nodes, nearest to the root first. @param {Uint32Array} depth */
  function byDepth(depth) {
    const begins = new Uint32Array(LONGEST_WORD + 2);
    for (const deep of depth) begins[deep + 1]++;
    for (let deep = 1; deep < begins.length; deep++) begins[deep] += begins[deep - 1];
    const order = new Uint32Array(depth.length);
    depth.forEach((deep, node) => { order[begins[deep]++] = node; });
    return order;
  }

  /**
   * @param {Automaton} automaton
   * @param {Iterable<string>} pieces text in reading order; `BREAK` between blocks
   * @param {number} [most] stop after so many characters
   * @returns {Generator<void, FoundTerm[]>} the most frequent first
   */
  function* scanning(automaton, pieces, most = 200_000) {
    const { edges, ends, fail, shorter, depth, longest } = automaton;
    const counts = new Map();
    const size = longest + 2;
    const points = new Uint32Array(size), letters = new Array(size).fill("");
    let node = 0, at = 0, ended = 0, left = most, steps = 0;
    let found = [];

    const count = (match) => {
      for (const { term } of match.words) counts.set(term, (counts.get(term) ?? 0) + 1);
    };
    const wordsAt = (end) => {
      for (let word = ends.has(end) ? end : shorter[end]; word !== 0; word = shorter[word]) {
        const from = at - depth[word];
        const before = from > 0 ? points[(from - 1) % size] : 0;
        if (!beginsAt(before, points[from % size])) continue;
        let text = "";
        for (let one = from; one < at; one++) text += letters[one % size];
        const words = ends.get(word).filter(({ exact }) => exact === "" || exact === text);
        if (words.length === 0 || found.some((other) => other.from <= from && other.to >= at)) continue;
        found = found.filter((other) => other.from < from);
        found.push({ from, to: at, words });
      }
    };
    const step = (letter) => {
      const point = small(letter);
      // What ended just before this letter is a word only if this letter does not go on with it.
      if (ended !== 0 && endsAt(points[(at - 1) % size], point)) wordsAt(ended);
      points[at % size] = point;
      letters[at % size] = letter;
      at++;
      let next = edges.get(node * CODE_POINTS + point);
      while (next === undefined && node !== 0) {
        node = fail[node];
        next = edges.get(node * CODE_POINTS + point);
      }
      node = next ?? 0;
      ended = ends.has(node) || shorter[node] !== 0 ? node : 0;
      if (found.length !== 0 && found[0].from < at - size) {
        for (const match of found) if (match.from < at - size) count(match);
        found = found.filter((match) => match.from >= at - size);
      }
    };

    let space = true; // pieces are folded one by one: two spaces may meet between them
    for (const piece of pieces) {
      for (let begin = 0; begin < piece.length && left > 0; begin += 4_000) {
        const part = piece.slice(begin, Math.min(begin + 4_000, begin + left));
        left -= part.length;
        for (const letter of folded(part)) {
          if (letter === " " && space) continue;
          space = letter === " ";
          step(letter);
          if (++steps >= STEPS) { steps = 0; yield; }
        }
      }
      if (left <= 0) break;
      if (++steps >= STEPS) { steps = 0; yield; }
    }
    step(BREAK);
    found.forEach(count);
    return [...counts]
      .sort(([one, often], [other, oftener]) => oftener - often || one - other)
      .map(([term, times]) => ({ vocabulary: automaton.terms[term].vocabulary, key: automaton.terms[term].key, count: times }));
  }

  /** Run to the end at once. @template T @param {Generator<void, T>} work @returns {T} */
  function drained(work) {
    let step = work.next();
    while (!step.done) step = work.next();
    return step.value;
  }

  /**
   * Run a little at a time and let the page live in between.
   * @template T @param {Generator<void, T>} work
   * @param {{now: () => number, pause: () => Promise<void>, slice?: number}} clock milliseconds
   * @returns {Promise<T>}
   */
  async function inSlices(work, { now, pause, slice = 8 }) {
    for (;;) {
      const until = now() + slice;
      do {
        const step = work.next();
        if (step.done) return step.value;
      } while (now() < until);
      await pause();
    }
  }

  ours.matching = { BREAK, building, scanning, drained, inSlices };
})();
