/**
 * What the service worker does with each message and each thing that happens. It keeps nothing in its memory that
 * cannot be read again: the browser stops it whenever it likes.
 */

import { tooOld, signOf } from "./connection.js";
import { contentOf } from "./library/copy.js";
import { Trouble } from "./hub_client.js";
import { Refused, kindOf, readForWorker } from "./messages.js";
import { loadRules } from "./rules/book.js";
import { shown } from "./uses/queue.js";

const CHECKED_LATELY = 10 * 60 * 1000;
const DEAL_KEPT = 10 * 60 * 1000;
const TEXT_PATIENCE = 2_500;
/** How often, in minutes: what waits is sent; the copy is compared with the hub. */
export const ALARMS = { flush: 5, refresh: 30 };

/**
 * @param {{browser: import("./browser.js").Browser, connection: ReturnType<typeof import("./connection.js").makeConnection>,
 *   copy: import("./library/copy.js").Copy, queue: import("./uses/queue.js").Queue,
 *   finding: ReturnType<typeof import("./lookup.js").makeLookup>, online: () => boolean, now: () => Date,
 *   uuid: () => string, scripts: string[]}} ports
 */
export function makeWorker({ browser, connection, copy, queue, finding, online, now, uuid, scripts }) {
  /** Ask the hub, and note how it went. @template T @param {(hub: import("./hub_client.js").Hub) => Promise<T>} act
   *  @returns {Promise<T>} */
  async function withHub(act) {
    const hub = await connection.hub();
    if (hub === null) throw new Refused("not-connected", "Connect to your hub first.");
    if (!online()) throw new Refused("offline", "There is no network now.");
    try {
      const answer = await act(hub);
      await seen(null);
      return answer;
    } catch (trouble) {
      await seen(trouble);
      throw trouble;
    }
  }

  /** How a question to the hub went: what follows for the connection. @param {unknown} trouble */
  async function seen(trouble) {
    const code = trouble instanceof Trouble ? trouble.code : "";
    const network = code === "unreachable" || code === "strange" ? "unreachable" : "online";
    if ((await browser.session.get("network")) !== network) await browser.session.set("network", network);
    if (code !== "signed-out") return;
    await connection.ended("expired");
    await copy.erase(); // who has been shut out keeps nothing
    await showBadge();
  }

  /** @returns {Promise<import("./messages.js").State>} */
  async function state() {
    const [known, open, counts, about, network] = await Promise.all([
      connection.current(), connection.connecting(), queue.counts(), copy.about(), browser.session.get("network"),
    ]);
    const trouble = (await browser.session.get("connect-trouble")) ?? "";
    const stands = open !== null ? "connecting" : (known?.state ?? "not-connected");
    const copied = about === null ? null : pick(about, ["assets", "made_at", "checked_at", "bytes", "partly"]);
    return {
      connection: stands,
      network: online() ? (network ?? "online") : "offline",
      hub: open?.address ?? known?.address ?? "",
      person: known?.person ?? null,
      check: open === null ? "" : await signOf(open.challenge),
      copy: copied,
      ...counts,
      says: trouble !== "" && stands !== "connecting" ? trouble : sentence(stands),
    };
  }

  /** @param {string} stands */
  function sentence(stands) {
    if (stands === "not-connected") return "Not connected to a hub yet.";
    if (stands === "connecting") return "Waiting for you to allow it on the hub's page.";
    if (stands === "expired") return "The hub does not let this browser in any more. Connect again.";
    if (stands === "too-old") return tooOld("newer");
    return "";
  }

  // --- what is asked ------------------------------------------------------------------------------------------------
  /** @type {Record<string, (asked: any, sender: any) => Promise<unknown>>} */
  const deeds = {
    async lookup(asked) {
      await connected();
      return finding.lookup(asked);
    },
    async suggest(asked) {
      await connected();
      return finding.suggest(asked);
    },
    async vocabulary({ stamp }) {
      return (await connection.current())?.state === "connected" ? copy.vocabulary(stamp ?? "") : { stamp: "", words: [] };
    },
    async "record-use"(used, sender) {
      const { person } = await connected();
      const deal = used.deal ?? (await chosenIn(sender.tab?.id))?.deal ?? null;
      const id = await record({ ...used, deal }, person.id);
      if (used.found !== null) choose(used.found, used.slug);
      return { id };
    },
    async "take-back"({ id }) {
      const use = await queue.takeBack(id);
      if (use === null) throw new Refused("nothing", "There is no use to take back.");
      flushSoon();
      return shown(use);
    },
    "last-uses": () => queue.lastUses(),
    async "name-deal"({ id, deal }) {
      const use = await queue.nameDeal(id, deal === null ? null : await namedDeal(deal));
      if (use === null) throw new Refused("nothing", "That use is not kept in this browser any more.");
      flushSoon();
      return shown(use);
    },
    "deal-of-record": (record) => dealOf(record),
    async fits({ count }, sender) {
      if (sender.tab?.id !== undefined) {
        const title = count === 0 ? "Hub" : `Hub: ${count} ${count === 1 ? "asset fits" : "assets fit"} this page`;
        await browser.badge(count === 0 ? "" : String(Math.min(count, 99)), sender.tab.id, title);
      }
      return null;
    },
    async focus({ editable }, sender) {
      if (sender.tab?.id === undefined) return null;
      const key = `focus:${sender.tab.id}`;
      if (editable) await browser.session.set(key, sender.frameId ?? 0);
      else if ((await browser.session.get(key)) === (sender.frameId ?? 0)) await browser.session.remove(key);
      return null;
    },
    ask: (asked) => askFor(asked),
    state: () => state(),
    content: ({ slug }) => content(slug),
    async open({ slug, found }) {
      const { address } = await connected();
      if (found !== null) choose(found, slug);
      await browser.openTab(`${address}/assets/${encodeURIComponent(slug)}`);
      return null;
    },
    async connect({ address }) {
      await browser.session.remove("connect-trouble");
      await connection.begin(address);
      return state();
    },
    async "stop-connecting"() {
      await connection.giveUp();
      return state();
    },
    async disconnect({ lose_waiting }) {
      await disconnect(lose_waiting === true);
      return state();
    },
    async refresh() {
      await refresh(true);
      return state();
    },
    insert: (asked) => insert(asked),
    async "insert-here"(asked, sender) {
      const chosen = await chosenIn(sender.tab.id);
      return insert({ ...asked, deal: chosen === undefined ? asked.deal : chosen.deal, tab: sender.tab.id });
    },
    async "overlay-begin"({ ticket }, sender) {
      const given = await browser.session.get(`ticket:${sender.tab.id}`);
      if (given !== ticket) throw new Refused("not-allowed", "The worker did not open this look-up.");
      const chosen = await chosenIn(sender.tab.id);
      return { chosen: chosen === undefined ? null : { deal: chosen.deal } };
    },
    rules: async () => loadRules((path) => browser.ownJson(path), await copy.rules()),
    context: ({ tab }) => context(tab),
    async deals({ words }) {
      const mine = await withHub((hub) => hub.deals(words, true));
      const all = mine.length > 0 || words === "" ? mine : await withHub((hub) => hub.deals(words, false));
      return all.map(dealShown);
    },
    async "choose-deal"({ tab, deal, name }) {
      await browser.session.set(`deal:${tab}`, { deal: deal === null ? null : { ...deal, name: name ?? "" } });
      return null;
    },
    async "drop-use"({ id }) {
      await queue.drop(id);
      await showBadge();
      return null;
    },
    "sites-changed": () => sitesChanged(),
  };

  /** @param {unknown} message @param {any} sender @returns {Promise<{ok: boolean, answer?: unknown, code?: string, says?: string}>} */
  async function answer(message, sender) {
    try {
      const { type, ...fields } = readForWorker(message, kindOf(sender, browser.self));
      return { ok: true, answer: await deeds[type](fields, sender) };
    } catch (trouble) {
      return { ok: false, ...told(trouble) };
    }
  }

  // --- finding and texts --------------------------------------------------------------------------------------------
  /** @param {string} slug */
  async function content(slug) {
    const { address } = await connected();
    const about = await copy.about();
    const current = about !== null && now().getTime() - Date.parse(about.checked_at) < CHECKED_LATELY;
    const kept = await copy.content(slug);
    if (kept !== null && (current || !online())) return kept;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), kept === null ? 15_000 : TEXT_PATIENCE);
    try {
      return contentOf(await withHub((hub) => hub.asset(slug, stop.signal)), address, "hub");
    } catch (trouble) {
      // A text that the hub refuses is live no more, whatever the copy says.
      const gone = trouble instanceof Trouble && (trouble.code === "refused" || trouble.code === "signed-out");
      if (kept === null || gone) throw trouble;
      return kept;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tell the hub which hit was taken: worth a try, not more. @param {any} found @param {string} slug */
  function choose(found, slug) {
    withHub((hub) => hub.choose(found, slug)).catch(() => {});
  }

  // --- deals --------------------------------------------------------------------------------------------------------
  /** @param {import("./messages.js").DealRef} ref @returns {Promise<import("./messages.js").Deal>} */
  async function dealOf({ source, external_id }) {
    const ref = { source, external_id };
    const key = `known-deal:${source}/${external_id}`;
    const kept = await browser.session.get(key);
    if (kept && now().getTime() - kept.at < DEAL_KEPT) return kept.deal;
    try {
      const deal = dealShown(await withHub((hub) => hub.deal(ref)));
      await browser.session.set(key, { at: now().getTime(), deal });
      return deal;
    } catch (trouble) {
      if (kept) return kept.deal;
      const unknown = { ...ref, name: "", known: false, account: "", outcome: "", stage: "" };
      if (trouble instanceof Trouble && trouble.status === 404) return unknown;
      if (trouble instanceof Trouble || (trouble instanceof Refused && trouble.code === "offline")) return unknown;
      throw trouble;
    }
  }

  /** @param {import("./messages.js").DealRef} ref */
  async function namedDeal(ref) {
    const { source, external_id, name } = await dealOf(ref);
    return { source, external_id, name };
  }

  /** @param {number|undefined} tab */
  const chosenIn = async (tab) => (tab === undefined ? undefined : await browser.session.get(`deal:${tab}`));

  /** Our scripts in the page of a tab; false where they may not, and on the hub's own pages, which need none.
   *  @param {number} tab */
  async function runIn(tab) {
    const hub = (await connection.current())?.address;
    if (hub !== undefined && (await browser.addressOf(tab)).startsWith(`${hub}/`)) return false;
    return browser.runScripts(tab, scripts);
  }

  /** @param {number} tab */
  async function context(tab) {
    const address = await browser.addressOf(tab);
    const site = /^https?:/.test(address) ? new URL(address).origin : "";
    const allowed = site !== "" && (await runIn(tab));
    const found = allowed ? await askPage(tab, 0, { type: "recognise" }) : null;
    const chosen = await chosenIn(tab);
    const ref = chosen === undefined ? (found?.record ?? null) : chosen.deal;
    return {
      allowed,
      site,
      deal: ref === null ? null : await dealOf(ref),
      terms: found?.terms ?? [],
      editable: found?.editable === true || (await browser.session.get(`focus:${tab}`)) !== undefined,
      selection: allowed ? await browser.selectionIn(tab) : "",
    };
  }

  /** Show the look-up over the page of a tab; false where the extension may not. @param {number} tab */
  async function openOverlay(tab) {
    if (!(await runIn(tab))) return false;
    const ticket = uuid().replaceAll("-", "");
    await browser.session.set(`ticket:${tab}`, ticket);
    return (await browser.askPage(tab, 0, { type: "open-overlay", ticket }))?.ok === true;
  }

  /** @param {number} tab @param {number} frame @param {object} message */
  async function askPage(tab, frame, message) {
    const reply = await browser.askPage(tab, frame, message);
    return reply?.ok === true ? reply.answer : null;
  }

  // --- uses ---------------------------------------------------------------------------------------------------------
  /** @param {any} used @param {number} person @returns {Promise<string>} */
  async function record(used, person) {
    const card = await copy.card(used.slug);
    const version = used.version ?? (online() ? null : (card?.version ?? null));
    const deal = used.deal === null ? null : await namedDeal(used.deal);
    const id = await queue.record({ ...used, version, deal, title: card?.title ?? used.slug }, person);
    flushSoon();
    return id;
  }

  /** @param {{tab: number, slug: string, deal: any, found: any}} asked */
  async function insert({ tab, slug, deal, found }) {
    const { person } = await connected();
    const text = await content(slug);
    if (!(await runIn(tab))) {
      return { inserted: false, id: null, says: "The hub may not write on this page. Allow this site first, or copy it." };
    }
    const frame = (await browser.session.get(`focus:${tab}`)) ?? 0;
    const use = { id: uuid(), slug, version: text.version, action: "inserted", channel: "extension", deal, found: null };
    const done = await askPage(tab, frame, {
      type: "insert", html: text.html, text: text.text, audience: text.audience, use,
    });
    if (done?.inserted !== true) {
      const says = done?.says || "Put the cursor where it should go, then insert again.";
      return { inserted: false, id: null, says };
    }
    // The page has recorded it already; the same id again changes nothing.
    const id = await record(use, person.id);
    if (found !== null) choose(found, slug);
    return { inserted: true, id, says: done.says ?? "" };
  }

  /** @param {any} asked */
  async function askFor({ question, deal, needed, search_id, id }) {
    const { person } = await connected();
    const request = {
      id: id ?? uuid(),
      needed: needed ?? question,
      question,
      ...(search_id === null ? {} : { search_id }),
      ...(deal === null ? {} : { deal }),
    };
    await queue.ask(request, person.id);
    const sent = await flush();
    return sent
      ? { id: request.id, waits: false, says: "Asked for. You will be told when it is there." }
      : { id: request.id, waits: true, says: "Kept. It is sent as soon as the hub can be reached." };
  }

  /** Send what waits; false when it has to wait. */
  async function flush() {
    const known = await connection.current();
    if (known === null || known.state !== "connected") return false;
    try {
      await withHub((hub) => queue.flush(hub, known.person.id));
      return true;
    } catch (trouble) {
      if (!(trouble instanceof Trouble) && !(trouble instanceof Refused)) throw trouble;
      const minutes = trouble instanceof Trouble && trouble.retryAfter > 60 ? trouble.retryAfter / 60 : 1;
      browser.wakeIn("flush-soon", minutes, false);
      return false;
    } finally {
      await showBadge();
    }
  }

  function flushSoon() {
    flush().catch(() => {});
  }

  // --- the copy, the connection, sites ------------------------------------------------------------------------------
  /** @param {boolean} must also if it was compared lately */
  async function refresh(must) {
    const about = await copy.about();
    const lately = about !== null && now().getTime() - Date.parse(about.checked_at) < CHECKED_LATELY;
    if (lately && !must) return;
    await withHub((hub) => copy.refresh(hub));
    // What was changed meanwhile may not be put back: somebody signed out while it was fetched.
    if ((await connection.hub()) === null) await copy.erase();
    else await browser.tell({ type: "changed" });
  }

  /** @param {number} tab */
  async function tabLoaded(tab) {
    let made;
    try {
      made = await connection.tabLoaded(tab);
    } catch (trouble) {
      await browser.session.set("connect-trouble", told(trouble).says);
      return;
    }
    if (!made) return;
    await browser.closeTab(tab);
    browser.openOptions();
    await showBadge();
    await sitesChanged();
    await Promise.allSettled([refresh(true), flush()]);
  }

  /** @param {boolean} loseWaiting */
  async function disconnect(loseWaiting) {
    await flush();
    const { waiting } = await queue.counts();
    if (waiting > 0 && !loseWaiting) {
      const some = waiting === 1 ? "One use or request has" : `${waiting} uses and requests have`;
      throw new Refused("waiting", `${some} not been sent yet, and would be lost.`);
    }
    await browser.local.set("ending", true); // a worker that is stopped from here on goes on when it is started again
    await withHub((hub) => hub.disconnect()).catch(() => {});
    await erase();
  }

  /** Everything of the hub leaves this browser. */
  async function erase() {
    await copy.erase();
    const sites = await browser.allowedSites();
    await browser.runOnSites([], []);
    await browser.giveBack(sites);
    await browser.session.clear();
    await browser.local.clear();
    await showBadge();
  }

  /** After the worker or the browser was started. */
  async function start() {
    if (await browser.local.get("ending")) await erase();
    browser.wakeIn("flush", ALARMS.flush, true);
    browser.wakeIn("refresh", ALARMS.refresh, true);
    await sitesChanged();
    await showBadge();
  }

  /** Time has passed, or the network is back. @param {string} name */
  async function wake(name) {
    const stands = (await connection.current())?.state;
    if (online() && (stands === "connected" || stands === "too-old")) {
      if (name === "refresh") {
        await connection.check().catch(seen);
        await refresh(false).catch(() => {});
      }
      await flush();
    }
    await showBadge();
  }

  async function sitesChanged() {
    const known = await connection.current();
    const sites = (await browser.allowedSites()).filter((origin) => origin !== `${known?.address}/*`);
    await browser.runOnSites(known === null ? [] : sites, scripts);
    return sites;
  }

  async function showBadge() {
    const { connection: stands, rejected } = await state();
    const wrong = stands === "expired" || stands === "too-old" || rejected > 0;
    await browser.badge(wrong ? "!" : "", null, wrong ? `Hub: ${rejected > 0 ? "a use was refused" : sentence(stands)}` : "Hub");
  }

  /** @param {number} tab */
  async function tabGone(tab) {
    await browser.session.remove([`focus:${tab}`, `deal:${tab}`, `ticket:${tab}`]);
    await connection.tabGone(tab);
  }

  /** Another page is shown in a tab: nobody has written there yet. @param {number} tab */
  const tabLeft = (tab) => browser.session.remove([`focus:${tab}`, `ticket:${tab}`]);

  async function connected() {
    const known = await connection.current();
    if (known === null) throw new Refused("not-connected", "Connect to your hub first.");
    if (known.state !== "connected") throw new Refused(known.state, sentence(known.state));
    return known;
  }

  return { answer, tabLoaded, tabGone, tabLeft, start, wake, refresh, seen, openOverlay, lookup: deeds.lookup, connected };
}

/** @param {unknown} trouble */
function told(trouble) {
  if (trouble instanceof Refused || trouble instanceof Trouble) return { code: trouble.code, says: trouble.message };
  return { code: "broken", says: "The extension made a mistake. Reload it on chrome://extensions if this goes on." };
}

/** @param {any} deal as the API shows it @returns {import("./messages.js").Deal} */
function dealShown(deal) {
  return {
    source: deal.source,
    external_id: deal.external_id,
    name: deal.name,
    known: true,
    account: deal.account?.name ?? "",
    outcome: deal.outcome,
    stage: deal.stage?.label ?? "",
  };
}

/** @template {object} T @param {T} from @param {string[]} names @returns {any} */
function pick(from, names) {
  return Object.fromEntries(names.map((name) => [name, /** @type {any} */ (from)[name]]));
}
