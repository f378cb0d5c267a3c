/** A browser, a hub and a vault for tests: they keep what they are given, as the real ones do, and can fail when told. */

import { webcrypto } from "node:crypto";

import { Trouble } from "../../hub/extension/hub_client.js";

globalThis.crypto ??= webcrypto; // Node 18 has it there only

export const PERSON = { id: 7, name: "Rita Rep", team: "sales", role: "reader" };
export const ADDRESS = "https://hub.example.com";
const copyOf = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** A storage area. `stopAfter(n)`: from the n-th write on nothing is kept and nothing answers, as when a worker ends. */
export function fakeStore() {
  const kept = new Map();
  let left = Infinity;
  const write = (act) => {
    left -= 1;
    if (left < 0) return new Promise(() => {});
    act();
    return Promise.resolve();
  };
  return {
    kept,
    stopAfter: (writes) => { left = writes; },
    goOn: () => { left = Infinity; },
    get: async (key) => copyOf(kept.get(key)),
    all: async () => copyOf(Object.fromEntries(kept)),
    set: (key, value) => write(() => kept.set(key, copyOf(value))),
    setAll: (items) => write(() => { for (const [key, value] of Object.entries(items)) kept.set(key, copyOf(value)); }),
    remove: (keys) => write(() => { for (const key of [keys].flat()) kept.delete(key); }),
    clear: () => write(() => kept.clear()),
    onChanged: () => {},
  };
}

export function fakeVault() {
  const kept = new Map();
  return {
    kept,
    get: async (key) => kept.get(key),
    put: async (key, value) => void kept.set(key, value),
    replace: async (parts) => { kept.clear(); for (const [key, value] of parts) kept.set(key, value); },
    erase: async () => kept.clear(),
  };
}

/** A hub that takes a use once, by its id, and can be away. */
export function fakeHub({ library = aLibrary(), rejects = {} } = {}) {
  const hub = {
    address: ADDRESS,
    uses: new Map(), takenBack: new Set(), requests: new Map(), chosen: [], known: new Map(), questions: [],
    away: null, // a Trouble that every call throws
    loses: 0, // answers that are lost after the deed
    library_etag: '"1"',
  };
  const deed = async (act) => {
    if (hub.away !== null) throw hub.away;
    const answer = await act();
    if (hub.loses > 0) {
      hub.loses -= 1;
      throw new Trouble("unreachable", "The hub cannot be reached.");
    }
    return answer;
  };
  return Object.assign(hub, {
    record: (uses) =>
      deed(() => {
        const rejected = [];
        let accepted = 0;
        for (const [index, use] of uses.entries()) {
          if (rejects[use.asset]) rejected.push({ index, reason: rejects[use.asset] });
          else if (!hub.uses.has(use.id)) { hub.uses.set(use.id, use); accepted += 1; }
        }
        return { accepted, duplicates: uses.length - accepted - rejected.length, rejected };
      }),
    nameDeal: (id, deal) => deed(() => { hub.uses.set(id, { ...hub.uses.get(id), deal }); }),
    takeBack: (id) =>
      deed(() => {
        if (!hub.uses.has(id)) throw new Trouble("refused", "There is no such use.", { status: 404 });
        hub.takenBack.add(id);
      }),
    request: (request) => deed(() => { hub.requests.set(request.id, request); }),
    library: (etag) => deed(() => (etag === hub.library_etag ? null : { etag: hub.library_etag, library })),
    search: (question, filters, deal, page) => deed(() => { hub.questions.push({ question, filters, deal }); return anAnswer(question, page); }),
    choose: (found, slug) => deed(() => { hub.chosen.push({ ...found, slug }); }),
    asset: (slug) => deed(() => ({ ...library.assets.find((one) => one.slug === slug), version: 9 })),
    deal: ({ source, external_id }) =>
      deed(() => {
        const deal = hub.known.get(`${source}/${external_id}`);
        if (deal === undefined) throw new Trouble("refused", "There is no such deal.", { status: 404 });
        return deal;
      }),
    deals: () => deed(() => [...hub.known.values()]),
    disconnect: () => deed(() => { hub.disconnected = true; }),
  });
}

export function fakeBrowser() {
  const browser = {
    self: { id: "abc", root: "chrome-extension://abc/", version: "1.0.0" },
    local: fakeStore(), session: fakeStore(), sites: [], ran: [], opened: [], closed: [], badges: [], alarms: [], page: null, data: null, told: [],
    mayRun: true,
  };
  return Object.assign(browser, {
    tell: async (message) => void browser.told.push(message),
    allowed: async () => true,
    allowedSites: async () => [...browser.sites],
    giveBack: async (sites) => { browser.sites = browser.sites.filter((one) => !sites.includes(one)); },
    openTab: async (url) => { browser.opened.push(url); return 5; },
    goTo: async (_tab, url) => { browser.opened.push(url); },
    closeTab: async (tab) => void browser.closed.push(tab),
    openOptions: () => {},
    addressOf: async () => "https://crm.example.com/deal/1",
    runScripts: async () => browser.mayRun,
    runOnSites: async (origins) => { browser.ran = origins; },
    selectionIn: async () => "",
    askPage: async (tab, frame, message) => (browser.page === null ? null : browser.page({ tab, frame, ...message })),
    dataOf: async () => browser.data,
    badge: async (text, tab, title) => void browser.badges.push({ text, tab, title }),
    wakeIn: (name) => void browser.alarms.push(name),
  });
}

/** A clock that is set by hand. */
export function fakeClock(start = "2027-03-01T09:30:00.000Z") {
  let moment = new Date(start);
  return { now: () => new Date(moment), set: (to) => { moment = new Date(to); } };
}

export function numbered() {
  let last = 0;
  return () => `00000000-0000-4000-8000-${String((last += 1)).padStart(12, "0")}`;
}

export function aCard(slug, more = {}) {
  return {
    slug, title: slug, kind: "objection", summary: "", body: "", html: `<p>${slug}</p>`, personas: [], stages: [], products: [],
    industries: [], competitors: [], regions: [], language: "en", audience: "internal", version: 1, review_by: null, expires_on: null,
    evidence: null, ...more,
  };
}

export function aLibrary(...cards) {
  return {
    made_at: "2027-03-01T09:00:00Z",
    assets: cards.length > 0 ? cards : [aCard("too-dear", { title: "It costs too much", body: "Say what waiting costs." })],
    vocabulary: [
      { vocabulary: "personas", key: "cfo", words: ["Finance lead", "CFO"] },
      { vocabulary: "stages", key: "decision", words: ["Decision"] },
      { vocabulary: "competitors", key: "acme", words: ["Acme"] },
    ],
  };
}

function anAnswer(question, { offset }) {
  const hit = { ...aCard("too-dear"), position: offset + 1, highlights: { title: "It <mark>costs</mark> &lt;b&gt;", snippet: "" }, fresh: null, why: [] };
  return { search_id: "0".repeat(32), total: 1, match: "good", suggestion: null, facets: {}, hits: [hit], query: question };
}
