import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, TO_PAGE, TO_WORKER, ask, kindOf, readForPage, readForWorker } from "../../hub/extension/messages.js";

const SELF = { id: "abc", root: "chrome-extension://abc/" };
const PAGE = { id: "abc", url: "https://evil.example/", tab: { id: 1 }, frameId: 0 };
const refused = (code) => (trouble) => trouble instanceof Refused && trouble.code === code;

test("a message is known by its type and its fields, and nothing else gets through", () => {
  const junk = [null, undefined, 1, "lookup", [], {}, { type: 1 }, { type: "nonsense" }, { type: "__proto__" }, { type: "constructor" },
    { type: "lookup" }, { type: "lookup", question: 1 }, { type: "lookup", question: "x".repeat(401) },
    { type: "lookup", question: "", extra: 1 }, { type: "lookup", question: "", filters: { status: ["draft"] } },
    { type: "lookup", question: "", filters: { persona: "cfo" } }, { type: "lookup", question: "", deal: { source: "../x", external_id: "1" } },
    { type: "lookup", question: "", limit: 1.5 }, { type: "record-use", slug: "", action: "copied" },
    { type: "record-use", slug: "a", action: "bribed" }, { type: "record-use", slug: "a", action: "copied", id: "1" },
    { type: "fits", count: -1 }, { type: "fits", count: "3" }];
  for (const message of junk) assert.throws(() => readForWorker(message, "page"), refused("malformed"), JSON.stringify(message));
});

test("what is left out is absent, and control signs are dropped", () => {
  const read = readForWorker({ type: "lookup", question: "too\u0000 dear" }, "page");
  assert.deepEqual(read, { type: "lookup", question: "too dear", filters: null, deal: null, limit: null, offset: null, patience: null });
});

test("a page may ask what pages may ask, and nothing that connects, erases or reads other tabs", () => {
  const example = { connect: { address: "https://x" }, disconnect: {}, insert: { tab: 1, slug: "a" }, context: { tab: 1 }, deals: { words: "" }, refresh: {} };
  for (const [type, fields] of Object.entries(example)) {
    assert.throws(() => readForWorker({ type, ...fields }, "page"), refused("not-allowed"), type);
    assert.equal(readForWorker({ type, ...fields }, "surface").type, type);
  }
  assert.throws(() => readForWorker({ type: "fits", count: 1 }, "surface"), refused("not-allowed"));
});

test("nobody else may ask anything", () => {
  for (const type of Object.keys(TO_WORKER)) assert.throws(() => readForWorker({ type }, "stranger"), Refused);
});

test("the sender is who the browser says it is", () => {
  assert.equal(kindOf(PAGE, SELF), "page");
  assert.equal(kindOf({ ...PAGE, id: "other" }, SELF), "stranger");
  assert.equal(kindOf({ id: "abc", url: "chrome-extension://abc/surfaces/popup.html" }, SELF), "surface");
  assert.equal(kindOf({ id: "abc", url: "chrome-extension://abc/surfaces/panel.html", tab: { id: 1 }, frameId: 0 }, SELF), "surface");
  assert.equal(kindOf({ id: "abc", url: "chrome-extension://abc/surfaces/panel.html", tab: { id: 1 }, frameId: 3 }, SELF), "page");
  assert.equal(kindOf({ id: "abc", url: "chrome-extension://abc/page/overlay.html", tab: { id: 1 }, frameId: 3 }, SELF), "page");
  assert.equal(kindOf({ id: "abc", url: "https://evil.example/surfaces/popup.html" }, SELF), "stranger");
});

test("a page listens to the worker and to no other page", () => {
  assert.equal(readForPage({ type: "recognise" }, { id: "abc" }, SELF).type, "recognise");
  assert.throws(() => readForPage({ type: "recognise" }, PAGE, SELF), refused("not-allowed"));
  assert.throws(() => readForPage({ type: "recognise" }, { id: "other" }, SELF), refused("not-allowed"));
});

test("asking answers, or says why not", async () => {
  assert.equal(await ask(async () => ({ ok: true, answer: 3 }), "state"), 3);
  await assert.rejects(ask(async () => ({ ok: false, code: "expired", says: "Connect again." }), "state"), refused("expired"));
  await assert.rejects(ask(async () => undefined, "state"), refused("gone"));
  await assert.rejects(ask(async () => { throw new Error("x"); }, "state"), refused("gone"));
});

test("no message carries the token", () => {
  const named = [...Object.values(TO_WORKER), ...Object.values(TO_PAGE)].flatMap(({ fields }) => Object.keys(fields));
  assert.ok(!named.some((name) => /token|secret|password|verifier/.test(name)));
});
