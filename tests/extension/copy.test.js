import assert from "node:assert/strict";
import { test } from "node:test";

import { makeCopy } from "../../hub/extension/library/copy.js";
import { aCard, aLibrary, fakeClock, fakeHub, fakeVault } from "./fakes.js";

const ASKED = { question: "", filters: {}, limit: 10, offset: 0 };
const DAY = (number) => new Date(Date.UTC(2027, 2, number, 12)).toISOString();

async function setUp(...cards) {
  const hub = fakeHub({ library: aLibrary(...cards) });
  const vault = fakeVault();
  const clock = fakeClock(DAY(1));
  const copy = makeCopy({ vault, now: clock.now });
  await copy.refresh(hub);
  return { hub, vault, clock, copy };
}
const slugs = async (copy) => (await copy.find(ASKED))?.hits.map((hit) => hit.slug) ?? null;

test("the copy is packed, and another worker reads it again", async () => {
  const { vault, clock, copy } = await setUp();
  assert.ok([...vault.kept].filter(([key]) => key !== "about").every(([, value]) => value instanceof Uint8Array));
  const other = makeCopy({ vault, now: clock.now });
  assert.deepEqual(await slugs(other), ["too-dear"]);
  assert.equal((await other.content("too-dear")).html, "<p>too-dear</p>");
  assert.deepEqual(await slugs(copy), ["too-dear"]);
});

test("nothing new costs nothing, and says when it was compared", async () => {
  const { hub, clock, copy } = await setUp();
  clock.set(DAY(2));
  assert.equal(await copy.refresh(hub), false);
  assert.equal((await copy.about()).checked_at, DAY(2));
  assert.equal((await copy.about()).made_at, "2027-03-01T09:00:00Z");
});

test("what is new replaces what was", async () => {
  const { vault, clock, copy } = await setUp();
  const newer = fakeHub({ library: aLibrary(aCard("new")) });
  newer.library_etag = '"2"';
  assert.equal(await copy.refresh(newer), true);
  assert.deepEqual(await slugs(copy), ["new"]);
  assert.deepEqual(await slugs(makeCopy({ vault, now: clock.now })), ["new"]);
});

test("what expires disappears on its day, and a clock that is set back brings nothing back", async () => {
  const { hub, clock, copy } = await setUp(aCard("short", { expires_on: "2027-03-05" }), aCard("long"));
  assert.deepEqual(await slugs(copy), ["long", "short"]);
  clock.set(DAY(5));
  assert.deepEqual(await slugs(copy), ["long"]);
  assert.equal(await copy.content("short"), null);
  await copy.refresh(hub);
  clock.set(DAY(2));
  assert.deepEqual(await slugs(copy), ["long"]);
});

test("a copy that nobody could compare for a month is not shown", async () => {
  const { hub, clock, copy } = await setUp();
  clock.set(new Date(Date.UTC(2027, 3, 5)).toISOString());
  assert.equal(await copy.find(ASKED), null);
  assert.equal(await copy.content("too-dear"), null);
  await copy.refresh(hub);
  assert.deepEqual(await slugs(copy), ["too-dear"]);
});

test("the words to match with are given once", async () => {
  const { copy } = await setUp();
  const first = await copy.vocabulary("");
  assert.equal(first.words.length, 3);
  assert.equal((await copy.vocabulary(first.stamp)).words, null);
});

test("texts that are too many for the browser are left out, and it says so", async () => {
  const noise = (number) => Array.from({ length: 2_000 }, (_, at) => ((at * 7919 + number * 104_729) % 65_521).toString(36)).join("");
  const cards = Array.from({ length: 210 }, (_, number) => aCard(`a${number}`, { html: noise(number) }));
  const copy = makeCopy({ vault: fakeVault(), now: fakeClock(DAY(1)).now, most: 800_000 });
  await copy.refresh(fakeHub({ library: aLibrary(...cards) }));
  const about = await copy.about();
  assert.ok(about.partly);
  assert.ok(about.bytes <= 800_000);
  assert.ok((await copy.content("a0")) !== null || (await copy.content("a209")) !== null);
  assert.equal((await copy.find(ASKED)).total, 210);
});

test("erasing leaves nothing", async () => {
  const { vault, copy } = await setUp();
  await copy.erase();
  assert.equal(vault.kept.size, 0);
  assert.equal(await copy.find(ASKED), null);
  assert.equal(await copy.card("too-dear"), null);
});
