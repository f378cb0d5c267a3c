import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, challengeOf, makeConnection, older, signOf } from "../../hub/extension/connection.js";
import { Trouble, makeHub } from "../../hub/extension/hub_client.js";
import { ADDRESS, PERSON, fakeBrowser } from "./fakes.js";

const ABOUT = { hub: "messaging-hub", version: "1", offered: "1.0.0", oldest: "1.0.0" };
const json = (body, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** A web of one hub: what is asked of it is kept. */
function setUp(answers = {}) {
  const asked = [];
  const fetch = async (url, how) => {
    const path = new URL(url).pathname;
    asked.push({ url, ...how, path });
    const answer = answers[`${how.method} ${path}`] ?? { "GET /api/v1/extension": () => json(ABOUT) }[`${how.method} ${path}`];
    if (answer === undefined) throw new TypeError("network");
    return answer(how);
  };
  const browser = fakeBrowser();
  return { browser, asked, connection: makeConnection({ browser, fetch }) };
}
const CLAIM = "POST /api/v1/extension/connection";
const claimed = () => json({ token: "hub_secret", scopes: ["content:read"], expires_at: null, person: PERSON }, 201);

test("an address is understood as people type it", () => {
  for (const [typed, origin] of [["hub.example.com", "https://hub.example.com"], [" https://Hub.Example.com/assets?x=1 ", "https://hub.example.com"],
    ["localhost:8000", "http://localhost:8000"], ["127.0.0.1:8000/", "http://127.0.0.1:8000"], ["http://192.168.1.5:8000", "http://192.168.1.5:8000"], ["http://hub.local", "http://hub.local"]]) {
    assert.equal(addressOf(typed), origin);
  }
  for (const typed of ["", "   ", "ftp://x", "javascript:alert(1)", "http://hub.example.com", "https://u:p@hub.example.com", "not an address", "https://what is this", "https://what%20is", "file:///etc/passwd", "http://10.evil.example"]) {
    assert.throws(() => addressOf(typed), { code: "wrong-address" }, typed);
  }
});

test("connecting opens the hub's page with the challenge alone, and keeps the secret", async () => {
  const { browser, connection } = setUp();
  await connection.begin("hub.example.com");
  const open = await connection.connecting();
  assert.equal(browser.opened.at(-1), `${ADDRESS}/extension/connect?challenge=${open.challenge}`);
  assert.equal(await challengeOf(open.verifier), open.challenge);
  assert.ok(!browser.opened.join().includes(open.verifier));
  assert.equal(browser.local.kept.size, 0);
});

test("code and secret together claim the token, once, and never in an address", async () => {
  const { browser, connection, asked } = setUp({ [CLAIM]: claimed });
  await connection.begin(ADDRESS);
  const open = await connection.connecting();
  browser.data = { code: "the-code", challenge: open.challenge };
  assert.equal(await connection.tabLoaded(4), false, "another tab is not asked");
  assert.equal(await connection.tabLoaded(5), true);
  assert.equal(await connection.tabLoaded(5), false);
  assert.deepEqual(JSON.parse(asked.at(-1).body), { code: "the-code", verifier: open.verifier });
  assert.ok(asked.every(({ url, credentials, redirect }) => !/the-code|secret/.test(url) && credentials === "omit" && redirect === "error"));
  assert.equal((await connection.current()).token, "hub_secret");
  assert.equal(await connection.connecting(), null);
});

test("a page for another challenge gives nothing", async () => {
  const { browser, connection, asked } = setUp({ [CLAIM]: claimed });
  await connection.begin(ADDRESS);
  browser.data = { code: "the-code", challenge: "another" };
  assert.equal(await connection.tabLoaded(5), false);
  assert.ok(!asked.some(({ method }) => method === "POST"));
});

test("whoever closes the page has not connected", async () => {
  const { connection } = setUp();
  await connection.begin(ADDRESS);
  await connection.tabGone(5);
  assert.equal(await connection.connecting(), null);
});

test("each way in which an address is wrong has its own words", async () => {
  const about = "GET /api/v1/extension";
  const cases = [
    [{ [about]: () => new Response("<html>", { status: 200 }) }, "not-a-hub"],
    [{ [about]: () => json({ detail: "no" }, 404) }, "not-a-hub"],
    [{ [about]: () => json({ hub: "other" }) }, "not-a-hub"],
    [{ [about]: () => json({ ...ABOUT, oldest: "1.2.0" }) }, "too-old"],
    [{ [about]: () => { throw new TypeError("refused"); } }, "unreachable"],
    [{ [about]: () => json({ detail: "…" }, 503) }, "busy"],
  ];
  for (const [answers, code] of cases) {
    const { browser, connection } = setUp(answers);
    await assert.rejects(connection.begin(ADDRESS), { code });
    assert.deepEqual(browser.opened, []);
  }
});

test("versions are compared as numbers", () => {
  assert.ok(older("1.9.0", "1.10.0"));
  assert.ok(!older("1.10.0", "1.9.9"));
  assert.ok(!older("1.0.0", "1.0.0"));
});

test("the sign is the one that the hub shows", async () => {
  // tests/web/test_extension.py compares the same two
  assert.equal(await signOf("c".repeat(43)), "BRE5RE");
});

test("what the hub answers is told apart", async () => {
  const codes = [[401, "signed-out"], [403, "refused"], [404, "refused"], [422, "refused"], [429, "busy"], [503, "busy"], [500, "unreachable"]];
  for (const [status, code] of codes) {
    const hub = makeHub({ address: ADDRESS, token: "t", fetch: async () => json({ detail: "Why." }, status, { "retry-after": "7" }) });
    await assert.rejects(hub.connection(), (trouble) => trouble instanceof Trouble && trouble.code === code && trouble.message === "Why.", String(status));
  }
  const portal = makeHub({ address: ADDRESS, fetch: async () => new Response("<html>Sign in to the Wi-Fi</html>") });
  await assert.rejects(portal.about(), { code: "strange" });
});

test("an answer without an end is not read to it", async () => {
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000_000)) });
  const hub = makeHub({ address: ADDRESS, fetch: async () => new Response(endless) });
  await assert.rejects(hub.about(), { code: "strange" });
});

test("names from outside cannot leave their place in an address", async () => {
  const urls = [];
  const hub = makeHub({ address: ADDRESS, fetch: async (url) => { urls.push(url); return json({}); } });
  await hub.asset("../../session?x=#y");
  await hub.deal({ source: "a", external_id: "1/../../x" });
  await hub.search("a&limit=100", { persona: ["x&y=z"] }, { source: "a", external_id: "1&q=2" }, { limit: 1, offset: 0 });
  assert.deepEqual(urls.map((url) => new URL(url).pathname), ["/api/v1/assets/..%2F..%2Fsession%3Fx%3D%23y", "/api/v1/deals/a/1%2F..%2F..%2Fx", "/api/v1/search"]);
  assert.equal(new URL(urls[2]).searchParams.get("limit"), "1");
});
