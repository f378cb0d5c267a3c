import assert from "node:assert/strict";
import { test } from "node:test";

import { Trouble } from "../../hub/extension/hub_client.js";
import { makeCopy } from "../../hub/extension/library/copy.js";
import { makeLookup } from "../../hub/extension/lookup.js";
import { makeTyping } from "../../hub/extension/surfaces/typing.js";
import { escaped, leadsTo, suggestions } from "../../hub/extension/omnibox.js";
import { fakeClock, fakeHub, fakeVault } from "./fakes.js";

async function setUp({ online = true, slow = false } = {}) {
  const hub = fakeHub();
  const copy = makeCopy({ vault: fakeVault(), now: fakeClock().now });
  await copy.refresh(hub);
  const seen = [];
  const ports = { hub: async () => hub, copy, online: () => online, seen: async (trouble) => { seen.push(trouble?.code ?? "ok"); }, wait: () => (slow ? Promise.resolve() : new Promise(() => {})) };
  return { hub, seen, finding: makeLookup(ports) };
}
const QUESTION = { question: "costs" };

test("the hub answers while it can, and its marks become plain pieces", async () => {
  const { finding, seen } = await setUp();
  const answer = await finding.lookup(QUESTION);
  assert.equal(answer.from, "hub");
  assert.deepEqual(answer.hits[0].title_parts, [{ text: "It ", mark: false }, { text: "costs", mark: true }, { text: " <b>", mark: false }]);
  assert.deepEqual(seen, ["ok"]);
});

test("without a network, without a hub, with a slow or a busy one the copy answers, and says why", async () => {
  for (const [how, because] of [[{ online: false }, "offline"], [{ slow: true }, "slow"]]) {
    const { finding, hub } = await setUp(how);
    hub.search = () => new Promise(() => {});
    const answer = await finding.lookup(QUESTION);
    assert.deepEqual([answer.from, answer.because, answer.hits[0].slug], ["copy", because, "too-dear"]);
    assert.equal(answer.copy_made_at, "2027-03-01T09:00:00Z");
  }
  for (const code of ["unreachable", "busy"]) {
    const { finding, hub } = await setUp();
    hub.away = new Trouble(code, "…");
    const answer = await finding.lookup(QUESTION);
    assert.deepEqual([answer.from, answer.because], ["copy", code]);
  }
});

test("who was shut out is not answered from the copy", async () => {
  const { finding, hub, seen } = await setUp();
  hub.away = new Trouble("signed-out", "revoked");
  await assert.rejects(finding.lookup(QUESTION), Trouble);
  assert.deepEqual(seen, ["signed-out"]);
});

test("a suggestion tells the hub the deal and nothing of the page", async () => {
  const { finding, hub } = await setUp();
  const deal = { source: "hubspot", external_id: "1" };
  await finding.suggest({ deal: null, record: deal, terms: [{ vocabulary: "competitors", key: "secret-rival" }], limit: 3 });
  assert.deepEqual(hub.questions, [{ question: "", filters: {}, deal }]);
  hub.questions.length = 0;
  await finding.suggest({ deal: null, record: null, terms: [{ vocabulary: "competitors", key: "secret-rival" }], limit: 3 });
  assert.deepEqual(hub.questions, []);
});

function typing() {
  const waiting = [];
  const shown = [];
  const later = [];
  const ports = {
    ask: (asked) => new Promise((resolve, reject) => waiting.push({ asked, resolve, reject })), show: (answer) => shown.push(answer), fail: (trouble) => shown.push(trouble),
    busy: () => {}, moved: () => false, later: (act) => later.push(act), drop: () => { later.length = 0; },
  };
  return { typing: makeTyping(ports), waiting, shown, type: () => later.pop()(), ports };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 1));

test("answers cannot overtake each other", async () => {
  const { typing: one, waiting, shown } = typing();
  one.ask({ question: "a" }, true);
  one.ask({ question: "ab" }, true);
  waiting[1].resolve({ question: "ab", from: "hub", because: "" });
  await settled();
  waiting[0].resolve({ question: "a", from: "hub", because: "" });
  await settled();
  assert.deepEqual(shown.map((answer) => answer.question), ["ab"]);
});

test("only the last of several keys is asked", () => {
  const { typing: one, waiting, type } = typing();
  one.ask({ question: "a" });
  one.ask({ question: "ab" });
  type();
  assert.deepEqual(waiting.map(({ asked }) => asked.question), ["ab"]);
});

test("after the copy the slow hub's answer follows, unless somebody has gone on", async () => {
  const { typing: one, waiting, shown, ports } = typing();
  one.ask({ question: "a" }, true);
  waiting[0].resolve({ question: "a", from: "copy", because: "slow" });
  await settled();
  assert.equal(waiting[1].asked.patience, "long");
  waiting[1].resolve({ question: "a", from: "hub", because: "" });
  await settled();
  assert.deepEqual(shown.map((answer) => answer.from), ["copy", "hub"]);
  one.ask({ question: "b" }, true);
  waiting[2].resolve({ question: "b", from: "copy", because: "slow" });
  await settled();
  ports.moved = () => true;
  assert.equal(waiting.length, 4);
});

test("a failure of an older question is not shown", async () => {
  const { typing: one, waiting, shown } = typing();
  one.ask({ question: "a" }, true);
  one.ask({ question: "b" }, true);
  waiting[0].reject(new Error("old"));
  await settled();
  assert.deepEqual(shown, []);
});

test("the address bar gets no markup that it did not ask for", () => {
  const hit = { slug: "a b/c", kind: "case_study", title_parts: [{ text: "<url>&\"'\u0000", mark: false }, { text: "costs", mark: true }] };
  const [one] = suggestions({ hits: [hit] }, "https://hub.example.com");
  assert.equal(one.content, "https://hub.example.com/assets/a%20b%2Fc");
  assert.equal(one.description, "&lt;url&gt;&amp;&quot;&apos; <match>costs</match> <dim>case study</dim>");
  assert.equal(escaped("🚀\ud800"), "🚀 ");
});

test("what was typed leads to what was found, and only a suggestion leads to the hub", () => {
  const root = "chrome-extension://abc/";
  assert.equal(leadsTo("https://hub.example.com/assets/a", "https://hub.example.com", root), "https://hub.example.com/assets/a");
  assert.equal(leadsTo("https://evil.example/assets/a", "https://hub.example.com", root), `${root}surfaces/panel.html?q=https%3A%2F%2Fevil.example%2Fassets%2Fa`);
  assert.equal(leadsTo("javascript:alert(1)", "", root), `${root}surfaces/panel.html?q=javascript%3Aalert(1)`);
});
