/**
 * Uses and requests on their way to the hub. Each lies in the browser's storage under a name of its own before anything
 * else happens to it, so a worker that is stopped at any step, two windows, or a night without a network lose nothing;
 * and each carries a UUID from the start, by which the hub takes it once, however often it is sent.
 *
 * A use, step by step: waiting → (tried) → sent, or rejected with the hub's reason. Naming another deal and taking back
 * are wishes written beside it, done when the use itself is there.
 */

import { Trouble } from "../hub_client.js";

const USE = "use:";
const ASK = "ask:";
const MOST_AT_ONCE = 100;
const KEPT = 200; // the last ones, to see and to correct
const SHOWN = 50;

/**
 * @typedef {object} Kept a use as it lies in storage
 * @property {string} id
 * @property {number} person whose it is: never sent in somebody else's name
 * @property {string} slug
 * @property {string} title
 * @property {number|null} version
 * @property {import("../messages.js").Action} action
 * @property {string} channel
 * @property {string} occurred_at
 * @property {import("../messages.js").DealRef & {name?: string}|null} deal
 * @property {boolean} tried it may have reached the hub
 * @property {"waiting"|"sent"|"rejected"} state
 * @property {boolean} renamed another deal was named after it had been tried
 * @property {boolean} taken_back
 * @property {boolean} told the hub knows that it was taken back
 * @property {string} says
 */

/**
 * @param {{store: import("../browser.js").Store, now: () => Date, uuid: () => string}} ports
 */
export function makeQueue({ store, now, uuid }) {
  /** One change at a time, so that none is overwritten by another that read before it. */
  let last = Promise.resolve();
  /** @template T @param {() => Promise<T>} act @returns {Promise<T>} */
  function inTurn(act) {
    const mine = last.then(act, act);
    last = mine.then(() => {}, () => {});
    return mine;
  }

  /** Newest first. @returns {Promise<Kept[]>} */
  async function kept() {
    const all = Object.entries(await store.all()).filter(([key]) => key.startsWith(USE));
    return all.map(([, use]) => use).sort((one, two) => (one.occurred_at < two.occurred_at ? 1 : -1));
  }

  /** @returns {Promise<any[]>} */
  async function asks() {
    return Object.entries(await store.all()).filter(([key]) => key.startsWith(ASK)).map(([, ask]) => ask);
  }

  /** Keep a use; the same id again changes nothing.
   *  @param {{slug: string, title: string, version: number|null, action: any, channel: string|null, deal: any, id: string|null}} used
   *  @param {number} person @returns {Promise<string>} its id */
  function record({ slug, title, version, action, channel, deal, id }, person) {
    return inTurn(async () => {
      const key = id ?? uuid();
      if ((await store.get(USE + key)) === undefined) {
        /** @type {Kept} */
        const use = {
          id: key, person, slug, title, version, action, channel: channel ?? "extension", deal,
          occurred_at: now().toISOString(), tried: false, state: "waiting", renamed: false, taken_back: false,
          told: false, says: "",
        };
        await store.set(USE + key, use);
      }
      return key;
    });
  }

  /** @param {any} request the body of POST /requests, with its id @param {number} person */
  const ask = (request, person) => inTurn(() => store.set(ASK + request.id, { ...request, person }));

  /** @param {string} id @param {(use: Kept) => Kept} change @returns {Promise<Kept|null>} */
  function change(id, change) {
    return inTurn(async () => {
      const use = await store.get(USE + id);
      if (use === undefined) return null;
      const changed = change(use);
      await store.set(USE + id, changed);
      return changed;
    });
  }

  /** @param {string|null} id null: the newest that is not taken back @returns {Promise<Kept|null>} */
  async function takeBack(id) {
    const which = id ?? (await kept()).find((use) => !use.taken_back && use.state !== "rejected")?.id;
    if (which === undefined) return null;
    // What the hub has never been told needs no telling.
    return change(which, (use) => ({ ...use, taken_back: true, told: !use.tried, says: "" }));
  }

  /** @param {string} id @param {any} deal @returns {Promise<Kept|null>} */
  const nameDeal = (id, deal) =>
    change(id, (use) => ({ ...use, deal, renamed: use.renamed || use.tried, says: "" }));

  /** @param {string} id */
  const drop = (id) => inTurn(() => store.remove(USE + id));

  /** One at a time: two windows that ask at once get the same round. @type {Promise<void>|null} */
  let round = null;
  /** Send what waits. Throws Trouble when the hub could not be asked; what was not sent stays.
   *  @param {import("../hub_client.js").Hub} hub @param {number} person */
  function flush(hub, person) {
    round ??= send(hub, person).finally(() => {
      round = null;
    });
    return round;
  }

  /** @param {import("../hub_client.js").Hub} hub @param {number} person */
  async function send(hub, person) {
    await refuseStrangers(person);
    for (;;) {
      const waiting = (await kept()).filter((use) => use.state === "waiting" && !(use.taken_back && use.told));
      const some = waiting.reverse().slice(0, MOST_AT_ONCE);
      if (some.length === 0) break;
      await sendSome(hub, some);
    }
    for (const use of await kept()) if (use.state === "sent") await correct(hub, use);
    for (const request of await asks()) await sendRequest(hub, request);
    await forgetOld();
  }

  /** @param {import("../hub_client.js").Hub} hub @param {Kept[]} some */
  async function sendSome(hub, some) {
    // Written down before it is done: from now on the hub may have them.
    /** @type {Kept[]} */
    const tried = [];
    for (const { id } of some) {
      const use = await change(id, (one) => ({ ...one, tried: true }));
      if (use !== null && !(use.taken_back && use.told)) tried.push(use);
    }
    if (tried.length === 0) return;
    const sent_at = now().toISOString();
    const done = await recorded(hub, tried, sent_at);
    const reasons = new Map(done.rejected.map(({ index, reason }) => [tried[index].id, reason]));
    for (const was of tried) {
      const reason = reasons.get(was.id);
      const deal = JSON.stringify(was.deal);
      await change(was.id, (use) => ({
        ...use,
        state: reason === undefined ? "sent" : "rejected",
        says: reason ?? "",
        // Corrected while it was on its way: the hub has to be told.
        renamed: use.renamed || JSON.stringify(use.deal) !== deal,
      }));
    }
  }

  /** A list in which one cannot be read is refused as a whole: then each is sent by itself.
   *  @param {import("../hub_client.js").Hub} hub @param {Kept[]} uses @param {string} sent_at
   *  @returns {Promise<{rejected: {index: number, reason: string}[]}>} */
  async function recorded(hub, uses, sent_at) {
    try {
      return await hub.record(uses.map((use) => body(use, sent_at)));
    } catch (trouble) {
      if (!(trouble instanceof Trouble) || trouble.code !== "refused") throw trouble;
      if (trouble.status === 403) throw new Trouble("signed-out", trouble.message, { status: 403 });
      if (uses.length === 1) return { rejected: [{ index: 0, reason: trouble.message }] };
    }
    const rejected = [];
    for (const [index, use] of uses.entries()) {
      const done = await recorded(hub, [use], sent_at);
      if (done.rejected.length > 0) rejected.push({ index, reason: done.rejected[0].reason });
    }
    return { rejected };
  }

  /** @param {import("../hub_client.js").Hub} hub @param {Kept} use */
  async function correct(hub, use) {
    if (use.taken_back && !use.told) {
      await harmless(() => hub.takeBack(use.id), 404, 409);
      await change(use.id, (one) => ({ ...one, told: true, renamed: false }));
    } else if (use.renamed && !use.taken_back) {
      const deal = use.deal === null ? null : { source: use.deal.source, external_id: use.deal.external_id };
      const says = await refusal(() => hub.nameDeal(use.id, deal));
      await change(use.id, (one) =>
        // Named anew in the meantime: that one is still to be told.
        JSON.stringify(one.deal) === JSON.stringify(use.deal) ? { ...one, renamed: false, says } : one,
      );
    }
  }

  /** @param {import("../hub_client.js").Hub} hub @param {any} request */
  async function sendRequest(hub, { person: _, ...request }) {
    try {
      await hub.request(request);
    } catch (trouble) {
      if (!(trouble instanceof Trouble) || trouble.code !== "refused") throw trouble;
    }
    await inTurn(() => store.remove(ASK + request.id));
  }

  /** Somebody else has connected this browser: what the one before left is not sent in their name. @param {number} person */
  async function refuseStrangers(person) {
    for (const use of await kept()) if (use.person !== person) await drop(use.id);
    for (const one of await asks()) if (one.person !== person) await inTurn(() => store.remove(ASK + one.id));
  }

  async function forgetOld() {
    const done = (await kept()).filter((use) => use.state !== "waiting" && !use.renamed && (!use.taken_back || use.told));
    const old = done.slice(KEPT).map((use) => USE + use.id);
    if (old.length > 0) await inTurn(() => store.remove(old));
  }

  /** @returns {Promise<{waiting: number, rejected: number}>} */
  async function counts() {
    const all = await kept();
    const open = all.filter(isOpen).length;
    return {
      waiting: open + (await asks()).length,
      rejected: all.filter((use) => use.state === "rejected" && !use.taken_back).length,
    };
  }

  /** @returns {Promise<import("../messages.js").LastUse[]>} */
  const lastUses = async () => (await kept()).slice(0, SHOWN).map(shown);

  return { record, ask, takeBack, nameDeal, drop, flush, counts, lastUses };
}

/** @typedef {ReturnType<typeof makeQueue>} Queue */

/** @param {Kept} use */
function isOpen(use) {
  if (use.taken_back) return !use.told;
  return use.state === "waiting" || (use.state === "sent" && use.renamed);
}

/** @param {Kept} use @returns {import("../messages.js").LastUse} */
export function shown(use) {
  const state = use.taken_back ? "taken-back" : use.state;
  const waits = isOpen(use) ? "Sent as soon as the hub can be reached." : "";
  const { id, slug, title, action, channel, occurred_at, deal } = use;
  return { id, slug, title, action, channel, occurred_at, deal, state, says: use.says || waits };
}

/** @param {Kept} use @param {string} sent_at */
function body(use, sent_at) {
  const { id, slug, version, deal, action, channel, occurred_at } = use;
  return {
    id, asset: slug, action, channel, occurred_at, sent_at,
    ...(version === null ? {} : { version }),
    ...(deal === null ? {} : { deal: { source: deal.source, external_id: deal.external_id } }),
  };
}

/** @param {() => Promise<void>} act @param {...number} statuses that mean that it is done already */
async function harmless(act, ...statuses) {
  try {
    await act();
  } catch (trouble) {
    if (!(trouble instanceof Trouble) || !statuses.includes(trouble.status)) throw trouble;
  }
}

/** Why the hub refused; empty when it did not. @param {() => Promise<void>} act */
async function refusal(act) {
  try {
    await act();
    return "";
  } catch (trouble) {
    if (trouble instanceof Trouble && trouble.code === "refused") return trouble.message;
    throw trouble;
  }
}
