import assert from "node:assert/strict";
import { test } from "node:test";

import { Trouble } from "../../hub/extension/hub_client.js";
import { makeQueue } from "../../hub/extension/uses/queue.js";
import { fakeClock, fakeHub, fakeStore, numbered } from "./fakes.js";

const ME = 7;
const AWAY = new Trouble("unreachable", "The hub cannot be reached.");
const DEAL = { source: "hubspot", external_id: "9134" };

function setUp(hub = fakeHub()) {
  const store = fakeStore();
  const clock = fakeClock();
  const uuid = numbered();
  const queue = () => makeQueue({ store, now: clock.now, uuid });
  return { store, clock, hub, queue };
}
const used = (slug, more = {}) => ({ slug, title: slug, version: 1, action: "inserted", channel: null, deal: null, id: null, ...more });
const sentOnce = (hub, count) => assert.equal(hub.uses.size, count);

test("a use is sent once, with the time it happened", async () => {
  const { queue, hub, clock } = setUp();
  const mine = queue();
  const id = await mine.record(used("a", { deal: DEAL }), ME);
  clock.set("2027-03-02T08:00:00.000Z");
  await mine.flush(hub, ME);
  await mine.flush(hub, ME);
  assert.deepEqual(hub.uses.get(id), { id, asset: "a", action: "inserted", channel: "extension", occurred_at: "2027-03-01T09:30:00.000Z", sent_at: "2027-03-02T08:00:00.000Z", version: 1, deal: DEAL });
  assert.equal((await mine.lastUses())[0].state, "sent");
});

test("without a hub it waits, and an answer that was lost does no harm", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  await mine.record(used("a"), ME);
  hub.away = AWAY;
  await assert.rejects(mine.flush(hub, ME), Trouble);
  assert.deepEqual(await mine.counts(), { waiting: 1, rejected: 0 });
  hub.away = null;
  hub.loses = 1;
  await assert.rejects(mine.flush(hub, ME), Trouble);
  await mine.flush(hub, ME);
  sentOnce(hub, 1);
  assert.deepEqual(await mine.counts(), { waiting: 0, rejected: 0 });
});

test("a worker stopped after any write loses nothing and sends nothing twice", async () => {
  for (let writes = 0; writes < 14; writes += 1) {
    const { store, hub, queue } = setUp();
    const first = queue();
    const ids = ["a", "b"].map((slug, at) => [slug, `00000000-0000-4000-8000-00000000010${at}`]);
    store.stopAfter(writes);
    const done = [];
    const work = (async () => {
      for (const [slug, id] of ids) done.push(await first.record(used(slug, { id }), ME));
      await first.flush(hub, ME);
      await first.nameDeal(ids[0][1], DEAL);
      await first.takeBack(ids[1][1]);
      await first.flush(hub, ME);
    })();
    await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 15))]);
    store.goOn();
    const again = queue(); // another worker, that knows what was written and nothing else
    await again.flush(hub, ME);
    const kept = await again.lastUses();
    assert.ok(done.every((id) => kept.some((use) => use.id === id)), `after ${writes}: what was acknowledged is kept`);
    for (const use of kept) assert.ok(hub.uses.has(use.id) || use.state === "taken-back", `after ${writes}: ${use.slug} arrived`);
    assert.deepEqual(await again.counts(), { waiting: 0, rejected: 0 }, `after ${writes}`);
    for (const use of kept) {
      if (use.state === "taken-back") assert.ok(hub.takenBack.has(use.id) || !hub.uses.has(use.id));
      else assert.deepEqual(hub.uses.get(use.id).deal ?? null, use.deal);
    }
  }
});

test("what the hub refuses is shown with its reason, and can be dropped", async () => {
  const { queue, hub } = setUp(fakeHub({ rejects: { gone: "There is no asset gone." } }));
  const mine = queue();
  await mine.record(used("gone"), ME);
  await mine.record(used("a"), ME);
  await mine.flush(hub, ME);
  const refused = (await mine.lastUses()).find((use) => use.state === "rejected");
  assert.equal(refused.says, "There is no asset gone.");
  sentOnce(hub, 1);
  await mine.drop(refused.id);
  assert.deepEqual(await mine.counts(), { waiting: 0, rejected: 0 });
});

test("one that the hub cannot read does not hold up the others", async () => {
  const { queue, hub } = setUp();
  const { record } = hub;
  hub.record = async (uses) => {
    if (uses.some((use) => use.asset === "bad")) throw new Trouble("refused", "asset: too long", { status: 422 });
    return record(uses);
  };
  const mine = queue();
  for (const slug of ["a", "bad", "b"]) await mine.record(used(slug), ME);
  await mine.flush(hub, ME);
  sentOnce(hub, 2);
  assert.deepEqual(await mine.counts(), { waiting: 0, rejected: 1 });
});

test("what was taken back before it was ever sent is never sent", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  const id = await mine.record(used("a"), ME);
  await mine.takeBack(id);
  await mine.flush(hub, ME);
  sentOnce(hub, 0);
  assert.deepEqual(await mine.counts(), { waiting: 0, rejected: 0 });
});

test("what may have arrived is sent and then taken back, so that it cannot stay", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  const id = await mine.record(used("a"), ME);
  hub.loses = 1;
  await assert.rejects(mine.flush(hub, ME), Trouble);
  await mine.takeBack(id);
  await mine.flush(hub, ME);
  assert.deepEqual([...hub.takenBack], [id]);
});

test("a deal named while the use waits goes along; one named later is told", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  const early = await mine.record(used("a"), ME);
  await mine.nameDeal(early, DEAL);
  await mine.flush(hub, ME);
  assert.deepEqual(hub.uses.get(early).deal, DEAL);
  await mine.nameDeal(early, null);
  assert.equal((await mine.counts()).waiting, 1);
  await mine.flush(hub, ME);
  assert.equal(hub.uses.get(early).deal, null);
});

test("a deal named while the use is on its way is not lost", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  const id = await mine.record(used("a"), ME);
  const { record } = hub;
  hub.record = async (uses) => {
    const answer = await record(uses);
    await mine.nameDeal(id, DEAL);
    return answer;
  };
  await mine.flush(hub, ME);
  hub.record = record;
  await mine.flush(hub, ME);
  assert.deepEqual(hub.uses.get(id).deal, DEAL);
});

test("two windows that send at once send once", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  let calls = 0;
  const { record } = hub;
  hub.record = async (uses) => { calls += 1; return record(uses); };
  await mine.record(used("a"), ME);
  await Promise.all([mine.flush(hub, ME), mine.flush(hub, ME)]);
  assert.equal(calls, 1);
});

test("the same id again changes nothing", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  const id = await mine.record(used("a"), ME);
  await mine.flush(hub, ME);
  await mine.record(used("b", { id }), ME);
  await mine.flush(hub, ME);
  assert.equal(hub.uses.get(id).asset, "a");
});

test("nothing is sent in the name of somebody else", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  await mine.record(used("a"), ME);
  await mine.ask({ id: "r", needed: "x" }, ME);
  await mine.flush(hub, 8);
  sentOnce(hub, 0);
  assert.equal(hub.requests.size, 0);
  assert.deepEqual(await mine.lastUses(), []);
});

test("a request waits like a use, and is sent once", async () => {
  const { queue, hub } = setUp();
  const mine = queue();
  hub.away = AWAY;
  await mine.ask({ id: "r1", needed: "A sheet for IT", question: "it sheet" }, ME);
  await assert.rejects(mine.flush(hub, ME), Trouble);
  hub.away = null;
  hub.loses = 1;
  await assert.rejects(mine.flush(hub, ME), Trouble);
  await mine.flush(hub, ME);
  assert.deepEqual([...hub.requests.values()], [{ id: "r1", needed: "A sheet for IT", question: "it sheet" }]);
  assert.deepEqual(await mine.counts(), { waiting: 0, rejected: 0 });
});

test("a hundred and fifty uses of a week offline arrive, in order and in parts", async () => {
  const { queue, hub, clock } = setUp();
  const mine = queue();
  for (let number = 0; number < 150; number += 1) {
    clock.set(new Date(Date.UTC(2027, 2, 1, 0, number)).toISOString());
    await mine.record(used(`a${number}`), ME);
  }
  await mine.flush(hub, ME);
  assert.deepEqual([...hub.uses.values()].map((use) => use.asset), Array.from({ length: 150 }, (_, number) => `a${number}`));
});
