import assert from "node:assert/strict";
import { test } from "node:test";

import "../../hub/extension/page/matching.js";

const { BREAK, building, scanning, drained, inSlices } = globalThis[Symbol.for("hub.page")].matching;

const term = (key, ...words) => ({ vocabulary: "competitors", key, words });
const found = (terms, ...pieces) => drained(scanning(drained(building(terms)), pieces)).map(({ key, count }) => `${key} ${count}`);
const finds = (word, text) => found([term("it", word)], text).length === 1;

test("words and their synonyms are found whatever their case", () => {
  const terms = [term("acme", "Acme Flow", "AcmeFlow"), term("zenith", "Zenith")];
  assert.deepEqual(found(terms, "We left ACME FLOW for zenith; acmeflow was slow."), ["acme 2", "zenith 1"]);
});

test("a word inside another word is not that word", () => {
  for (const text of ["acmeist", "preacme", "acme2", "acme_logo", "Acmé́ist"]) assert.equal(finds("acme", text), false, text);
  for (const text of ["acme", "(Acme)", "acme's", "acme-like", "acme.com", "🚀acme🚀", "Ａｃｍｅ", "Acmé"]) assert.equal(finds("acme", text), true, text);
});

test("scripts without spaces need none around a word", () => {
  assert.ok(finds("競合", "これは競合他社です"));
  assert.ok(finds("HubSpot", "HubSpotを使う"));
  assert.ok(finds("คู่แข่ง", "นี่คือคู่แข่งของเรา"));
  assert.ok(!finds("セールス", "セールスフォース"), "katakana runs are words");
  assert.ok(finds("세일즈포스", "세일즈포스를 쓴다"), "a particle may follow a Korean word");
  assert.ok(!finds("포스", "세일즈포스"));
});

test("the longest word counts and those inside it do not", () => {
  const terms = [term("flow", "Flow"), term("acme-flow", "Acme Flow"), term("flow-desk", "Flow Desk")];
  assert.deepEqual(found(terms, "Acme Flow"), ["acme-flow 1"]);
  assert.deepEqual(found(terms, "the flow"), ["flow 1"]);
  assert.deepEqual(found(terms, "Acme Flow Desk"), ["acme-flow 1", "flow-desk 1"]);
});

test("an abbreviation is found only as it is written", () => {
  assert.ok(!finds("IT", "it is what it is"));
  assert.ok(finds("IT", "the IT department"));
  assert.ok(finds("CIOs", "our cios"));
});

test("a word may run over pieces and lines, but not over the end of a block", () => {
  const terms = [term("acme", "Acme Flow")];
  assert.deepEqual(found(terms, "Ac", "me", " ", "\n  Flow"), ["acme 1"]);
  assert.deepEqual(found(terms, "Acme", BREAK, "Flow"), []);
  assert.deepEqual(found(terms, "Acme\u00adFlow Acme\u00a0Flow Acme–Flow"), ["acme 2"]);
});

test("a word of two vocabularies is found for both", () => {
  const terms = [{ vocabulary: "products", key: "desk", words: ["Desk"] }, { vocabulary: "competitors", key: "desk", words: ["Desk"] }];
  assert.deepEqual(drained(scanning(drained(building(terms)), ["desk"])).map((one) => one.vocabulary), ["products", "competitors"]);
});

test("what is no word is ignored: nothing, one letter, far too long", () => {
  assert.deepEqual(found([term("none", "", " ", "a", "-", "x".repeat(500))], "a - " + "x".repeat(500)), []);
});

test("the same words are found however the text is cut", () => {
  const terms = ["aa", "aab", "ab aa", "b", "ba", "aabaa"].map((word) => term(word, word, `${word} ${word}`));
  const automaton = drained(building(terms));
  let seed = 7;
  const chance = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let run = 0; run < 200; run++) {
    const text = Array.from({ length: 60 }, () => "aab  "[chance(5)]).join("");
    const cuts = [];
    for (let at = 0; at < text.length; ) { const to = at + 1 + chance(9); cuts.push(text.slice(at, to)); at = to; }
    assert.deepEqual(drained(scanning(automaton, cuts)), drained(scanning(automaton, [text])), text);
    const naive = terms.filter(({ key }) => ` ${text.replace(/ +/g, " ")} `.includes(` ${key} `)).map(({ key }) => key);
    const keys = drained(scanning(automaton, [text])).map(({ key }) => key);
    for (const key of keys) assert.ok(naive.includes(key), `${key} in ${text}`);
  }
});

test("a hostile text or vocabulary costs no more steps than a tame one of its size", () => {
  const steps = (work) => { let count = 0; while (!work.next().done) count++; return count; };
  const terms = Array.from({ length: 100 }, (_, index) => term(`w${index}`, "a".repeat(index + 2)));
  const automaton = drained(building(terms));
  const tame = steps(scanning(automaton, ["b".repeat(100_000)]));
  assert.ok(steps(scanning(automaton, ["a".repeat(100_000)])) <= tame + 1);
  assert.ok(steps(scanning(automaton, ["a".repeat(10_000_000)])) <= 2 * tame + 2, "only the first 200,000 characters are read");
});

test("work in slices pauses whenever its time is up and comes to the same", async () => {
  const automaton = drained(building([term("acme", "Acme")]));
  let now = 0, pauses = 0;
  const clock = { now: () => (now += 5), pause: async () => { pauses++; } };
  const terms = await inSlices(scanning(automaton, Array(50).fill("Acme and so on ".repeat(100))), clock);
  assert.equal(terms[0].count, 5_000);
  assert.ok(pauses > 10);
});
