import assert from "node:assert/strict";
import { test } from "node:test";

import { makeSearch } from "../../hub/extension/library/local_search.js";
import { questionOf } from "../../hub/extension/library/question.js";
import { distance, folded } from "../../hub/extension/library/words.js";
import { aCard, aLibrary } from "./fakes.js";

const WORDS = aLibrary().vocabulary;
const CARDS = [
  aCard("dear", { title: "It costs too much", summary: "For finance.", body: "Say what **waiting** costs them each month.", personas: ["cfo"], stages: ["decision"] }),
  aCard("acme", { title: "Against Acme", kind: "battlecard", competitors: ["acme"], summary: "Where we are cheaper.", body: "Expensive to run." }),
  aCard("wait", { title: "Why wait?", body: "Großer Ärger später. 競合他社との比較。" }),
  aCard("old", { title: "It costs nothing", expires_on: "2027-03-01" }),
];
const search = makeSearch(CARDS, WORDS);
const ask = (question, more = {}) => search.find({ question, filters: {}, limit: 10, offset: 0, today: "2027-03-01", ...more });
const slugs = (found) => found.hits.map((hit) => hit.slug);
const text = (parts) => parts.map((part) => part.text).join("");

test("every word must be there, where it tells most comes first", () => {
  assert.deepEqual(slugs(ask("costs")), ["dear"]);
  assert.deepEqual(slugs(ask("costs acme")).sort(), ["acme", "dear"]);
  assert.equal(ask("costs acme").match, "poor");
  assert.equal(ask("costs finance").match, "good");
});

test("beginnings, other forms, accents and typing mistakes are found", () => {
  assert.deepEqual(slugs(ask("cos")), ["dear"]);
  assert.deepEqual(slugs(ask("costing")), ["dear"]);
  assert.deepEqual(slugs(ask("GROSSER arger")), ["wait"]);
  assert.deepEqual(slugs(ask("expensve")), ["acme"]);
  assert.equal(ask("expensve").suggestion, "expensive");
  assert.match(ask("expensve").hits[0].why.join(), /read “expensve” as “expensive”/);
  assert.deepEqual(slugs(ask("xqzw")), []);
});

test("what is tagged is found by every name of the tag", () => {
  assert.deepEqual(slugs(ask("cfo")), ["dear"]);
  assert.deepEqual(slugs(ask("battlecard")), ["acme"]);
});

test("filters narrow, also typed ones, and the counts say what each would leave", () => {
  assert.deepEqual(slugs(ask("", { filters: { persona: ["cfo"] } })), ["dear"]);
  assert.deepEqual(slugs(ask("persona:cfo costs")), ["dear"]);
  assert.deepEqual(slugs(ask("costs", { filters: { persona: ["cto"] } })), []);
  assert.deepEqual(ask("").facets.kind, { objection: 2, battlecard: 1 });
  assert.deepEqual(ask("", { filters: { kind: ["battlecard"] } }).facets.kind, { objection: 2, battlecard: 1 });
});

test("phrases are found as they stand, and what is excluded is not", () => {
  assert.deepEqual(slugs(ask('"too much"')), ["dear"]);
  assert.deepEqual(slugs(ask('"much too"')), []);
  assert.deepEqual(slugs(ask("-acme -wait")), ["dear"]);
});

test("what expired is not found on its day, whatever is asked", () => {
  assert.ok(!slugs(ask("")).includes("old"));
  assert.ok(slugs(ask("", { today: "2027-02-28" })).includes("old"));
});

test("evidence decides among equals only", () => {
  const evidence = (verdict) => ({ verdict, lift: 4, low: 1, high: 7, deals: 40 });
  const some = makeSearch([
    aCard("b", { title: "Price list", evidence: evidence("goes_with_losing") }),
    aCard("c", { title: "Price list", evidence: evidence("proven") }),
    aCard("a", { title: "Price and price list", summary: "list", evidence: evidence("watch") }),
    aCard("d", { title: "Something", body: "price list", evidence: evidence("proven") }),
  ], []);
  const found = some.find({ question: "price list", filters: {}, limit: 10, offset: 0, today: "2027-01-01" });
  assert.equal(slugs(found).at(-1), "d", "proof does not lift a text over a title");
  assert.ok(slugs(found).indexOf("c") < slugs(found).indexOf("b"));
});

test("what fits the page comes first, and says so", () => {
  const found = ask("", { terms: [{ vocabulary: "competitors", key: "acme" }] });
  assert.deepEqual(slugs(found), ["acme"]);
  assert.deepEqual(found.hits[0].why, ["fits this page: Acme"]);
});

test("hits are plain text with what was found marked", () => {
  const hostile = '<img src=x onerror="alert(1)"> & <script>';
  const some = makeSearch([aCard("x", { title: `Costs ${hostile}`, body: `# Costs\n${hostile} [link](javascript:alert(1))` })], []);
  const [hit] = some.find({ question: "costs", filters: {}, limit: 1, offset: 0, today: "2027-01-01" }).hits;
  assert.deepEqual(hit.title_parts[0], { text: "Costs", mark: true });
  assert.equal(text(hit.title_parts), `Costs ${hostile}`);
  assert.match(text(hit.snippet), /onerror/);
});

test("questions of all shapes are answered", () => {
  for (const question of ['"', '""', "-", ":", "kind:", "\"a", "a\"", "🚀", "日本語", "競合", "a".repeat(400), "- - -", "x:y", "persona:", "\u0000", "()[]*+?\\"]) {
    assert.ok(Array.isArray(ask(question).hits), question);
  }
  assert.deepEqual(slugs(ask("競合他社との比較")), ["wait"]);
});

test("a question is taken apart as the hub does it", () => {
  assert.deepEqual(questionOf('too "a phrase" -not kind:faq'), { words: ["too"], phrases: [" a phrase "], without: [" not "], filters: { kind: ["faq"] } });
  assert.deepEqual(questionOf("https://x.example").words, ["https", "x", "example"]);
});

test("distances count typing mistakes", () => {
  assert.equal(distance("expensve", "expensive", 2), 1);
  assert.equal(distance("teh", "the", 2), 1);
  assert.equal(distance("abc", "xyz", 1), 2);
  assert.equal(folded("Große  Mühle!"), " grosse muhle ");
});

test("ten thousand assets are searched without an index", () => {
  const many = Array.from({ length: 10_000 }, (_, number) => aCard(`a${number}`, { title: `Title ${number}`, body: `word${number % 97} and more `.repeat(20) }));
  const big = makeSearch(many, WORDS);
  const found = big.find({ question: "title 7777", filters: {}, limit: 10, offset: 0, today: "2027-01-01" });
  assert.equal(found.hits[0].slug, "a7777");
  assert.equal(big.find({ question: "word5 more", filters: {}, limit: 10, offset: 0, today: "2027-01-01" }).match, "good");
});
