/**
 * Every message of the extension, written down: what may be sent, by whom, with which fields, and what comes back.
 *
 * Three kinds of sender, told apart by the browser and never by what a message says of itself:
 *   page     a script of ours inside a visited page (`page/`); the page around it is hostile
 *   surface  a page of the extension (`surfaces/`: popup, panel, options)
 *   worker   the service worker (`background.js`), which alone holds the token, the local copy and the queue of uses
 *
 * Pages and surfaces ask the worker with `ask`; the worker asks a page with `browser.askPage`. Every answer is
 * `{ok: true, answer}` or `{ok: false, code, says}`: `says` may be shown, `code` is for programs. An unknown or malformed
 * message is refused with the code `malformed`, one from a sender that may not send it with `not-allowed`.
 *
 * The token never travels in a message. What a page recognised travels to the worker as vocabulary keys only, and never
 * on to the hub.
 *
 * Agreement with `page/`: `page/scripts.js` exports `SCRIPTS`, the classic scripts to run in a page in this order
 * (addresses from the extension's root). The worker runs them in all frames of a tab, on demand (`activeTab`) or on
 * every visit of a site that was allowed, so running them twice in one frame must be harmless.
 *
 * @typedef {{source: string, external_id: string}} DealRef a deal as its source knows it: `hubspot`, `9134`
 * @typedef {DealRef & {name: string, known: boolean, account: string, outcome: string, stage: string}} Deal
 *   a deal to show; `known` false: the hub has not got it (yet), uses of it wait there
 * @typedef {{vocabulary: string, key: string}} TermRef a word of the vocabulary that was recognised: `personas`, `cfo`
 * @typedef {{vocabulary: string, key: string, words: string[]}} VocabularyWord its label first, then its synonyms
 * @typedef {{text: string, mark: boolean}} Part a piece of plain text, found or not; joined they are the text
 * @typedef {{verdict: string, lift: number|null, low: number|null, high: number|null, deals: number}} Evidence
 *
 * @typedef {object} Hit plain text throughout: put it on a page with `textContent`, never as HTML
 * @property {string} slug
 * @property {number} position from 1
 * @property {string} title
 * @property {Part[]} title_parts
 * @property {Part[]} snippet
 * @property {string} kind
 * @property {string} summary
 * @property {number|null} version null: the live one
 * @property {string[]} personas
 * @property {string[]} stages
 * @property {string[]} products
 * @property {string[]} industries
 * @property {string[]} competitors
 * @property {string} language
 * @property {string} audience `internal` or `shareable`: what is internal must not be inserted where a buyer reads
 * @property {string|null} review_by a day
 * @property {string|null} expires_on a day
 * @property {boolean|null} fresh
 * @property {Evidence|null} evidence
 * @property {string[]} why reasons for its place, in words
 *
 * @typedef {object} Answer what `lookup` and `suggest` answer
 * @property {string} question the question answered: compare it with the one asked, so that answers cannot overtake
 * @property {"hub"|"copy"} from the hub, or the copy in this browser
 * @property {""|"offline"|"slow"|"unreachable"|"busy"} because why it is from the copy
 * @property {string|null} copy_made_at when the copy was made, of answers from the copy
 * @property {string|null} search_id null from the copy
 * @property {number} total
 * @property {Hit[]} hits
 * @property {Record<string, Record<string, number>>} facets `{persona: {cfo: 3}}`
 * @property {string|null} suggestion
 * @property {"good"|"poor"|"none"} match
 *
 * @typedef {"viewed"|"copied"|"inserted"|"shared"|"sent"|"presented"|"spoken"} Action
 *
 * @typedef {object} LastUse one of the last uses recorded in this browser, newest first
 * @property {string} id
 * @property {string} slug
 * @property {string} title
 * @property {Action} action
 * @property {string} channel
 * @property {string} occurred_at
 * @property {Deal|DealRef|null} deal
 * @property {"waiting"|"sent"|"rejected"|"taken-back"} state
 * @property {string} says for a rejected one its reason, for a waiting one what it waits for
 *
 * @typedef {object} State how the extension stands
 * @property {"not-connected"|"connecting"|"connected"|"expired"|"too-old"} connection
 * @property {"online"|"offline"|"unreachable"} network as last seen
 * @property {string} hub the hub's address, empty when there is none
 * @property {{name: string, team: string, role: string}|null} person
 * @property {string} check the sign to compare with the hub's page while connecting
 * @property {{assets: number, made_at: string, checked_at: string, bytes: number, partly: boolean}|null} copy
 * @property {number} waiting uses that have not been sent
 * @property {number} rejected uses that the hub refused
 * @property {string} says one sentence for people, empty when all is well
 */

export class Refused extends Error {
  /** @param {string} code @param {string} says */
  constructor(code, says) {
    super(says);
    this.name = "Refused";
    this.code = code;
  }
}

/** @typedef {(value: unknown, place: string) => unknown} Check answers the value as it may be used, or throws Refused */

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
export const ACTIONS = ["viewed", "copied", "inserted", "shared", "sent", "presented", "spoken"];
export const FILTERS = [
  "kind", "persona", "stage", "product", "industry", "competitor", "language", "audience",
];
const VOCABULARIES = ["personas", "products", "competitors", "industries", "stages"];

/** @param {string} place @param {string} should @returns {never} */
function malformed(place, should) {
  throw new Refused("malformed", `Malformed message: ${place} should be ${should}.`);
}

/** @param {number} most @param {{least?: number, pattern?: RegExp}} [more] @returns {Check} */
const text = (most, { least = 0, pattern } = {}) => (value, place) => {
  if (typeof value !== "string") malformed(place, "text");
  const clean = value.replace(CONTROL, "");
  if (clean.length < least || clean.length > most) malformed(place, `${least} to ${most} characters long`);
  if (pattern && !pattern.test(clean)) malformed(place, `like ${pattern}`);
  return clean;
};

/** @param {number} least @param {number} most @returns {Check} */
const whole = (least, most) => (value, place) => {
  if (!Number.isInteger(value) || Number(value) < least || Number(value) > most) {
    malformed(place, `a whole number from ${least} to ${most}`);
  }
  return value;
};

/** @param {readonly string[]} words @returns {Check} */
const oneOf = (words) => (value, place) =>
  typeof value === "string" && words.includes(value) ? value : malformed(place, `one of ${words.join(", ")}`);

/** @type {Check} */
const yesOrNo = (value, place) => (typeof value === "boolean" ? value : malformed(place, "true or false"));

/** @param {Check} check @param {number} most @returns {Check} */
const list = (check, most) => (value, place) => {
  if (!Array.isArray(value) || value.length > most) malformed(place, `a list of at most ${most}`);
  return value.map((one, index) => check(one, `${place}[${index}]`));
};

/** Left out and null are the same: absent. @param {Check} check @returns {Check & {optional?: true}} */
const maybe = (check) =>
  Object.assign(
    /** @type {Check} */ ((value, place) => (value === undefined || value === null ? null : check(value, place))),
    { optional: /** @type {const} */ (true) },
  );

/** @param {Record<string, Check & {optional?: true}>} fields @returns {Check} */
const record = (fields) => (value, place) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) malformed(place, "a record");
  const given = /** @type {Record<string, unknown>} */ (value);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) malformed(`${place}.${name}`, "left out");
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, check]) => [name, check(given[name], place === "" ? name : `${place}.${name}`)]),
  );
};

const PRINTABLE = /^[^\u0000-\u001f\u007f-\u009f]+$/;
const slug = text(200, { least: 1, pattern: PRINTABLE });
const question = text(400);
const useId = text(36, { pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ });
const searchId = text(32, { pattern: /^[0-9a-f]{32}$/ });
const ticket = text(32, { pattern: /^[0-9a-f]{32}$/ });
const tab = whole(0, 2 ** 31 - 1);
const dealRef = record({
  source: text(50, { pattern: /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/ }),
  external_id: text(200, { least: 1, pattern: PRINTABLE }),
});
const term = record({ vocabulary: oneOf(VOCABULARIES), key: text(100, { least: 1, pattern: PRINTABLE }) });
const filters = record(
  Object.fromEntries(FILTERS.map((name) => [name, maybe(list(text(100, { least: 1 }), 50))])),
);
const found = record({ search_id: searchId, position: whole(1, 100_000) });
const html = text(500_000);
const plain = text(500_000);

const use = {
  slug,
  version: maybe(whole(1, 1_000_000)),
  action: oneOf(ACTIONS),
  channel: maybe(text(50, { least: 1, pattern: PRINTABLE })),
  deal: maybe(dealRef),
  id: maybe(useId),
  found: maybe(found),
};

const BOTH = ["page", "surface"];
const SURFACE = ["surface"];

/**
 * To the worker: who may send it, its fields, and what it answers.
 * @type {Record<string, {from: string[], fields: Record<string, Check & {optional?: true}>}>}
 */
export const TO_WORKER = {
  /** Find assets → Answer. `patience` short (left out): after 0.7 s the copy answers; long: waits 10 s for the hub. */
  lookup: {
    from: BOTH,
    fields: {
      question,
      filters: maybe(filters),
      deal: maybe(dealRef),
      limit: maybe(whole(1, 50)),
      offset: maybe(whole(0, 1_000)),
      patience: maybe(oneOf(["short", "long"])),
    },
  },
  /** What fits the record on this page → Answer. The hub is told `deal` only (`record` is another name for it);
   *  `terms`, what the page's words say, only order the hits here in the browser. */
  suggest: {
    from: BOTH,
    fields: {
      deal: maybe(dealRef),
      record: maybe(dealRef),
      terms: maybe(list(term, 50)),
      limit: maybe(whole(1, 50)),
    },
  },
  /** The words to recognise on a page → {stamp, words: VocabularyWord[]}; with the `stamp` that one has and nothing
   *  new → {stamp, words: null}. */
  vocabulary: { from: BOTH, fields: { stamp: maybe(text(200)) } },
  /** Keep that an asset was used → {id}. Kept before the answer, sent when the hub is there, once. `id` is made here
   *  when left out; the same one again changes nothing. `found`: in which search, so that search learns of the choice. */
  "record-use": { from: BOTH, fields: use },
  /** Take one of the last uses back → LastUse. Without `id` the newest that is not taken back. */
  "take-back": { from: BOTH, fields: { id: maybe(useId) } },
  /** → LastUse[], at most 50. */
  "last-uses": { from: BOTH, fields: {} },
  /** Say on which deal a use was (null: on none) → LastUse. */
  "name-deal": { from: BOTH, fields: { id: useId, deal: maybe(dealRef) } },
  /** Which deal of the hub a CRM's record is → Deal (with `known` false, and the name empty, if the hub has it not). */
  "deal-of-record": { from: BOTH, fields: { source: dealRefField("source"), external_id: dealRefField("external_id") } },
  /** How many assets fit the page of the sending tab: the number on the extension's icon → null. */
  fits: { from: ["page"], fields: { count: whole(0, 9_999) } },
  /** This frame has the last place somebody wrote in (or, `editable` false, has it no more) → null. */
  focus: { from: ["page"], fields: { editable: yesOrNo } },
  /** Ask for content that is not there: POST /requests with the question and the deal → {id, says, waits}. */
  ask: {
    from: BOTH,
    fields: {
      question: text(400, { least: 1 }),
      deal: maybe(dealRef),
      needed: maybe(text(300)),
      search_id: maybe(searchId),
      id: maybe(useId),
    },
  },
  /** → State */
  state: { from: BOTH, fields: {} },
  /** The asset itself, to insert or copy → {slug, title, version, audience, html, text, from: "hub"|"copy"}. The HTML
   *  is the hub's sanitised rendering; `text` is the same without markup. */
  content: { from: BOTH, fields: { slug } },
  /** Put an asset where somebody wrote last in the sending tab, asked from the look-up over the page, which has closed
   *  before it asks (`insert` for a page) → {inserted, says, id}. */
  "insert-here": { from: ["page"], fields: { slug, deal: maybe(dealRef), found: maybe(found) } },
  /** Is this the look-up that the worker had opened in this tab? → {chosen: {deal: DealRef|null}|null}, the deal that was
   *  chosen for the tab whatever its page says, or refused with `not-allowed`. A visited page
   *  may frame the look-up's file itself; without the ticket of `open-overlay` it stays blank. */
  "overlay-begin": { from: ["page"], fields: { ticket } },
  /** The rules by which pages of CRMs are known: `rules/book.js`, those of the extension and those an admin added
   *  → {rules: Rule[], outward: string[]}. */
  rules: { from: BOTH, fields: {} },
  /** Open an asset in the hub, in a new tab → null. */
  open: { from: BOTH, fields: { slug, found: maybe(found) } },

  // Surfaces only, from here on.
  /** Begin to connect to the hub at `address`: opens its page → State */
  connect: { from: SURFACE, fields: { address: text(300, { least: 1 }) } },
  /** Give up connecting → State */
  "stop-connecting": { from: SURFACE, fields: {} },
  /** Send what waits, revoke the token, erase everything → State. `lose_waiting`: also if uses cannot be sent now. */
  disconnect: { from: SURFACE, fields: { lose_waiting: maybe(yesOrNo) } },
  /** Bring the local copy up to date now → State */
  refresh: { from: SURFACE, fields: {} },
  /** Put an asset where somebody writes in a tab → {inserted, says, id}; records the use when it was inserted. */
  insert: { from: SURFACE, fields: { tab, slug, deal: maybe(dealRef), found: maybe(found) } },
  /** What the page of a tab shows → {allowed, site, deal: Deal|null, terms: TermRef[], editable, selection}. */
  context: { from: SURFACE, fields: { tab } },
  /** One's open deals with these words in the name → Deal[], at most 10. */
  deals: { from: SURFACE, fields: { words: text(200) } },
  /** The deal that is worked on in a tab (null: none, whatever the page says) → null */
  "choose-deal": { from: SURFACE, fields: { tab, deal: maybe(dealRef), name: maybe(text(300)) } },
  /** Drop a use that the hub refused → null */
  "drop-use": { from: SURFACE, fields: { id: useId } },
  /** Sites with access have been allowed or taken away: run the page scripts there from now on → string[] origins */
  "sites-changed": { from: SURFACE, fields: {} },
};

/**
 * From the worker to the scripts in a page. The answer's `ok` is about the message, not the deed.
 * @type {Record<string, {fields: Record<string, Check & {optional?: true}>}>}
 */
export const TO_PAGE = {
  /** Put this where somebody wrote last → {inserted: boolean, says: string}. Sent to one frame. A page that inserted
   *  sends `record-use` with the very fields of `use` before it answers: it lives on if the worker is stopped meanwhile. */
  insert: { fields: { html, text: plain, audience: maybe(text(20)), use: record(use) } },
  /** Show the look-up over the page → null. Sent to the top frame. `ticket`: 32 random hex digits, made by the worker
   *  and kept with the tab, that `overlay-begin` must bring; good until the tab loads another page. */
  "open-overlay": { fields: { question: maybe(question), ticket } },
  /** What is to be seen here → {record: DealRef|null, terms: TermRef[], editable: boolean}. Nothing else of the page. */
  recognise: { fields: {} },
  /** The extension was disconnected: take everything of ours off the page → null. */
  leave: { fields: {} },
};

/** @param {"source"|"external_id"} name @returns {Check} */
function dealRefField(name) {
  return name === "source"
    ? text(50, { pattern: /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/ })
    : text(200, { least: 1, pattern: PRINTABLE });
}

/**
 * Who sent a message, by what the browser says of the sender.
 *
 * `surface` is a page of ours under `surfaces/` that is a tab, a popup or a panel of its own; one in a frame is `page`,
 * whatever it is, because what surrounds it is not ours.
 * @param {{id?: string, url?: string, frameId?: number, tab?: {id?: number}}} sender
 * @param {{id: string, root: string}} self the extension's id and the address of its root, with a slash at the end
 * @returns {"page"|"surface"|"stranger"}
 */
export function kindOf(sender, self) {
  if (sender.id !== self.id) return "stranger";
  const framed = sender.tab !== undefined && (sender.frameId ?? 0) !== 0;
  if (!framed && sender.url?.startsWith(`${self.root}surfaces/`)) return "surface";
  return sender.tab?.id === undefined ? "stranger" : "page";
}

/**
 * A message to the worker as it may be used: only known fields, absent ones null. Throws Refused.
 * @param {unknown} message @param {"page"|"surface"|"stranger"} kind
 * @returns {{type: string, [field: string]: any}}
 */
export function readForWorker(message, kind) {
  const { type, fields } = opened(message, TO_WORKER);
  if (!TO_WORKER[type].from.includes(kind)) {
    throw new Refused("not-allowed", `A ${kind} may not send “${type}”.`);
  }
  return { type, .../** @type {object} */ (record(TO_WORKER[type].fields)(fields, "")) };
}

/**
 * A message to a page as it may be used. Throws Refused.
 * @param {unknown} message @param {{id?: string, tab?: unknown}} sender @param {{id: string}} self
 * @returns {{type: string, [field: string]: any}}
 */
export function readForPage(message, sender, self) {
  // The worker has no tab; a page script of ours in another frame has one, and may not order this one about.
  if (sender.id !== self.id || sender.tab !== undefined) {
    throw new Refused("not-allowed", "Only the extension's worker may ask this.");
  }
  const { type, fields } = opened(message, TO_PAGE);
  return { type, .../** @type {object} */ (record(TO_PAGE[type].fields)(fields, "")) };
}

/** @param {unknown} message @param {Record<string, unknown>} known */
function opened(message, known) {
  if (typeof message !== "object" || message === null || Array.isArray(message)) malformed("the message", "a record");
  const { type, ...fields } = /** @type {{type: unknown, [field: string]: unknown}} */ (message);
  if (typeof type !== "string" || !Object.hasOwn(known, type)) malformed("type", "a known one");
  return { type, fields };
}

/**
 * Ask the worker; throws Refused with its `code` and `says` when it could not be done.
 * @param {(message: object) => Promise<any>} send `chrome.runtime.sendMessage`, passed in
 * @param {string} type @param {object} [fields]
 */
export async function ask(send, type, fields = {}) {
  let reply;
  try {
    reply = await send({ type, ...fields });
  } catch (trouble) {
    throw new Refused("gone", `The extension does not answer. Reload this page. (${trouble})`);
  }
  if (reply?.ok) return reply.answer;
  throw new Refused(reply?.code ?? "gone", reply?.says ?? "The extension does not answer. Reload this page.");
}
