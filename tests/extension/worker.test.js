import assert from "node:assert/strict";
import { test } from "node:test";

import { Trouble } from "../../hub/extension/hub_client.js";
import { makeCopy } from "../../hub/extension/library/copy.js";
import { makeLookup } from "../../hub/extension/lookup.js";
import { makeQueue } from "../../hub/extension/uses/queue.js";
import { makeWorker } from "../../hub/extension/worker.js";
import { ADDRESS, PERSON, fakeBrowser, fakeClock, fakeHub, fakeVault, numbered } from "./fakes.js";

const SURFACE = { id: "abc", url: "chrome-extension://abc/surfaces/popup.html" };
const PAGE = { id: "abc", url: "https://crm.example.com/", tab: { id: 3 }, frameId: 2 };
const DEAL = { source: "hubspot", external_id: "9134" };

async function setUp({ online = true, connected = true } = {}) {
  const browser = fakeBrowser();
  const hub = fakeHub();
  const clock = fakeClock();
  const known = { address: ADDRESS, token: "hub_secret", person: PERSON, expires_at: null, state: "connected" };
  if (connected) await browser.local.set("connection", known);
  const current = async () => (await browser.local.get("connection")) ?? null;
  const connection = {
    current, connecting: async () => null, giveUp: async () => {}, tabGone: async () => {}, check: async () => {},
    hub: async () => ((await current())?.state === "connected" ? hub : null),
    ended: async (state) => browser.local.set("connection", { ...(await current()), state, token: "" }),
  };
  const vault = fakeVault();
  const copy = makeCopy({ vault, now: clock.now });
  await copy.refresh(hub);
  const queue = makeQueue({ store: browser.local, now: clock.now, uuid: numbered() });
  const network = { online };
  const isOnline = () => network.online;
  const finding = makeLookup({ hub: connection.hub, copy, online: isOnline, seen: (trouble) => worker.seen(trouble) });
  const worker = makeWorker({ browser, connection, copy, queue, finding, online: isOnline, now: clock.now, uuid: numbered(), scripts: ["page/main.js"] });
  const ask = (type, fields = {}, sender = SURFACE) => worker.answer({ type, ...fields }, sender);
  const got = async (type, fields, sender) => {
    const reply = await ask(type, fields, sender);
    assert.ok(reply.ok, `${type}: ${reply.says}`);
    return reply.answer;
  };
  return { browser, hub, vault, clock, worker, ask, got, network };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test("a page records a use on the deal that was chosen for its tab", async () => {
  const { got, hub } = await setUp();
  hub.known.set("hubspot/9134", { ...DEAL, name: "Acme renewal", account: { name: "Acme" }, outcome: "open", stage: { label: "Proposal" } });
  await got("choose-deal", { tab: 3, deal: DEAL, name: "Acme renewal" });
  const { id } = await got("record-use", { slug: "too-dear", action: "inserted" }, PAGE);
  await settled();
  assert.deepEqual(hub.uses.get(id).deal, DEAL);
  const [use] = await got("last-uses", {}, PAGE);
  assert.deepEqual([use.title, use.deal.name, use.state], ["It costs too much", "Acme renewal", "sent"]);
});

test("an asset is put where somebody wrote, and the use is recorded once", async () => {
  const { got, hub, browser } = await setUp();
  const asked = [];
  browser.page = async (message) => { asked.push(message); return { ok: true, answer: { inserted: true, says: "" } }; };
  await got("focus", { editable: true }, PAGE);
  const done = await got("insert", { tab: 3, slug: "too-dear", deal: DEAL, found: { search_id: "0".repeat(32), position: 1 } });
  await settled();
  assert.ok(done.inserted);
  assert.deepEqual([asked[0].tab, asked[0].frame, asked[0].html, asked[0].use.id], [3, 2, "<p>too-dear</p>", done.id]);
  await got("record-use", asked[0].use, PAGE); // as the page does
  await settled();
  assert.equal(hub.uses.size, 1);
  assert.deepEqual(hub.chosen.map((one) => one.slug), ["too-dear"]);
});

test("what was not inserted is not recorded, and says why", async () => {
  const { got, hub, browser } = await setUp();
  browser.page = async () => ({ ok: true, answer: { inserted: false, says: "This field takes no text." } });
  assert.deepEqual(await got("insert", { tab: 3, slug: "too-dear" }), { inserted: false, id: null, says: "This field takes no text." });
  browser.mayRun = false;
  assert.match((await got("insert", { tab: 3, slug: "too-dear" })).says, /Allow this site/);
  await settled();
  assert.equal(hub.uses.size, 0);
});

test("a text that the hub has taken back is not given out of an old copy", async () => {
  const { ask, got, hub, clock } = await setUp();
  hub.asset = async () => { throw new Trouble("refused", "There is no asset too-dear.", { status: 404 }); };
  assert.equal((await got("content", { slug: "too-dear" })).from, "copy", "compared with the hub a moment ago");
  clock.set("2027-03-01T12:00:00.000Z");
  assert.equal((await ask("content", { slug: "too-dear" })).code, "refused");
  hub.asset = async () => { throw new Trouble("unreachable", "The hub cannot be reached."); };
  assert.equal((await got("content", { slug: "too-dear" })).from, "copy");
});

test("a revoked token erases the copy at once and keeps what was not sent", async () => {
  const { ask, got, hub, vault, browser } = await setUp();
  hub.away = new Trouble("signed-out", "The token is not known to this hub, or was revoked.");
  await got("record-use", { slug: "too-dear", action: "copied" });
  await settled();
  const refused = await ask("lookup", { question: "costs" });
  assert.equal(refused.code, "expired");
  assert.equal(vault.kept.size, 0);
  const state = await got("state");
  assert.deepEqual([state.connection, state.waiting], ["expired", 1]);
  assert.equal(browser.badges.at(-1).text, "!");
});

test("signing out asks before it loses anything, and then leaves nothing", async () => {
  const { ask, got, hub, vault, browser, network } = await setUp();
  browser.sites = ["https://crm.example.com/*", `${ADDRESS}/*`];
  network.online = false;
  await got("record-use", { slug: "too-dear", action: "spoken" });
  assert.equal((await ask("disconnect")).code, "waiting");
  assert.ok(browser.local.kept.size > 0);
  await got("disconnect", { lose_waiting: true });
  assert.deepEqual([browser.local.kept.size, browser.session.kept.size, vault.kept.size, browser.sites.length], [0, 0, 0, 0]);
  assert.equal((await got("state")).connection, "not-connected");
  const online = await setUp();
  await online.got("disconnect");
  assert.ok(online.hub.disconnected);
  assert.equal(hub.uses.size, 0);
});

test("signing out that was interrupted is finished later", async () => {
  const { browser, vault, worker } = await setUp();
  await browser.local.set("ending", true);
  await worker.start();
  assert.deepEqual([browser.local.kept.size, vault.kept.size], [0, 0]);
});

test("asked for without a network, a request goes out when it is back", async () => {
  const { got, hub, network, worker } = await setUp({ online: false });
  const kept = await got("ask", { question: "sheet for IT", deal: DEAL });
  assert.ok(kept.waits);
  network.online = true;
  await worker.wake("online");
  assert.deepEqual([...hub.requests.values()], [{ id: kept.id, needed: "sheet for IT", question: "sheet for IT", deal: DEAL }]);
});

test("a deal that the hub has not got is shown as not known, also without a network", async () => {
  const { got, hub, network } = await setUp();
  assert.deepEqual(await got("deal-of-record", DEAL, PAGE), { ...DEAL, name: "", known: false, account: "", outcome: "", stage: "" });
  hub.known.set("hubspot/1", { source: "hubspot", external_id: "1", name: "One", account: null, outcome: "open", stage: null });
  assert.equal((await got("deal-of-record", { source: "hubspot", external_id: "1" })).name, "One");
  network.online = false;
  assert.equal((await got("deal-of-record", { source: "hubspot", external_id: "1" })).name, "One");
});

test("nothing but the connection can be asked before there is one", async () => {
  const { ask, got } = await setUp({ connected: false });
  for (const [type, fields] of [["lookup", { question: "a" }], ["content", { slug: "too-dear" }], ["record-use", { slug: "a", action: "copied" }], ["insert", { tab: 1, slug: "a" }]]) {
    assert.equal((await ask(type, fields)).code, "not-connected", type);
  }
  assert.equal((await got("state")).connection, "not-connected");
  assert.deepEqual(await got("vocabulary"), { stamp: "", words: [] });
});

test("no answer to a page holds the token", async () => {
  const { ask } = await setUp();
  const fields = { lookup: { question: "" }, suggest: {}, vocabulary: {}, "record-use": { slug: "too-dear", action: "copied" }, "last-uses": {}, "deal-of-record": DEAL, state: {}, content: { slug: "too-dear" }, fits: { count: 1 } };
  for (const [type, given] of Object.entries(fields)) assert.ok(!JSON.stringify(await ask(type, given, PAGE)).includes("hub_secret"), type);
});

test("a mistake of ours is answered, not thrown", async () => {
  const { ask, browser } = await setUp();
  browser.session.get = async () => { throw new Error("boom"); };
  const reply = await ask("state");
  assert.deepEqual([reply.ok, reply.code], [false, "broken"]);
});

test("on the hub's own pages nothing of ours runs", async () => {
  const { browser, got } = await setUp();
  browser.addressOf = async () => `${ADDRESS}/assets/too-dear`;
  browser.page = async () => assert.fail("asked");
  assert.equal((await got("context", { tab: 3 })).allowed, false);
  assert.equal((await got("insert", { tab: 3, slug: "too-dear" })).inserted, false);
});

test("the page scripts run on allowed sites, never on the hub itself", async () => {
  const { browser, got } = await setUp();
  browser.sites = ["https://crm.example.com/*", `${ADDRESS}/*`];
  await got("sites-changed");
  assert.deepEqual(browser.ran, ["https://crm.example.com/*"]);
});
