/**
 * The copy of the library in this browser: fetched when it changed, kept packed, read without a network.
 *
 * What expired is not shown, by the latest moment that this browser has ever seen: a clock that is set back brings
 * nothing back. A copy that could not be compared with the hub for a month is not shown any more either, because
 * nobody could have told it that a person has left.
 */

import { makeSearch } from "./local_search.js";
import { pack, unpack } from "./packing.js";
import { forOutside, plainText } from "./texts.js";

const CHUNK = 100; // texts that are packed together
const MOST_PACKED = 40_000_000; // bytes; texts beyond it have to be asked of the hub
const MOST_CARDS = 50_000;
const SHOWN_FOR = 30 * 24 * 60 * 60 * 1000;

/**
 * @typedef {{etag: string, made_at: string, checked_at: string, seen: string, assets: number, bytes: number,
 *   partly: boolean, stamp: string, address: string}} About `seen`: the latest moment this browser has known
 * @typedef {{cards: import("./local_search.js").Card[], words: import("../messages.js").VocabularyWord[]}} Pages
 */

/**
 * @param {{vault: import("./vault.js").Vault, now: () => Date, most?: number}} ports
 */
export function makeCopy({ vault, now, most = MOST_PACKED }) {
  /** What was unpacked, as long as the worker lives: only ever what the vault can give again.
   *  @type {{stamp: string, search: import("./local_search.js").Search, words: any[], chunks: Map<string, number>}|null} */
  let open = null;

  /** @returns {Promise<About|null>} */
  const about = async () => (await vault.get("about")) ?? null;

  /** Make the copy equal to the hub's library. @param {import("../hub_client.js").Hub} hub @returns {Promise<boolean>} new */
  async function refresh(hub) {
    const had = await about();
    const fetched = await hub.library(had?.address === hub.address ? had.etag : "");
    const moment = now().toISOString();
    if (fetched === null) {
      if (had !== null) await vault.put("about", { ...had, checked_at: moment, seen: latest(had.seen, moment) });
      return false;
    }
    const parts = await packed(fetched, hub.address, latest(had?.seen ?? "", moment));
    await vault.replace(parts);
    open = null;
    return true;
  }

  /** @param {{etag: string, library: any}} fetched @param {string} address @param {string} seen */
  async function packed({ etag, library }, address, seen) {
    /** @type {Map<string, any>} */
    const parts = new Map();
    /** @type {any[]} */
    const all = library.assets.slice(0, MOST_CARDS);
    const cards = all.map(({ html: _, ...card }) => card);
    let bytes = 0;
    const keep = async (/** @type {string} */ key, /** @type {any} */ value) => {
      const small = await pack(JSON.stringify(value));
      if (bytes + small.byteLength > most) return false;
      bytes += small.byteLength;
      parts.set(key, small);
      return true;
    };
    const whole = await keep("cards", cards);
    if (!whole) await keep("cards", cards.map((card) => ({ ...card, body: "" })));
    await keep("words", library.vocabulary);
    await keep("rules", library.rules ?? []);
    let partly = !whole || library.assets.length > all.length;
    for (let from = 0; from < all.length; from += CHUNK) {
      const texts = Object.fromEntries(
        all.slice(from, from + CHUNK).map((/** @type {any} */ card) => [card.slug, card.html]),
      );
      if (!(await keep(`texts:${from / CHUNK}`, texts))) partly = true;
    }
    /** @type {About} */
    const written = {
      etag, made_at: library.made_at, checked_at: now().toISOString(), seen, assets: all.length, bytes, partly, address,
      stamp: etag,
    };
    return parts.set("about", written);
  }

  /** The copy as it may be shown now, unpacked; null when there is none, or none that may be shown. */
  async function opened() {
    const known = await about();
    if (known === null) return null;
    const moment = latest(known.seen, now().toISOString());
    if (Date.parse(moment) - Date.parse(known.checked_at) > SHOWN_FOR) return null;
    if (open?.stamp !== known.stamp) {
      const [cards, words] = await Promise.all([unpacked("cards"), unpacked("words")]);
      if (cards === null) return null;
      const chunks = new Map(cards.map((/** @type {any} */ card, /** @type {number} */ at) => [card.slug, Math.floor(at / CHUNK)]));
      open = { stamp: known.stamp, search: makeSearch(cards, words ?? []), words: words ?? [], chunks };
      cardsBySlug = new Map(cards.map((/** @type {any} */ card) => [card.slug, card]));
    }
    return { about: known, today: moment.slice(0, 10), ...open };
  }

  /** @type {Map<string, any>} */
  let cardsBySlug = new Map();

  /** @param {string} key @returns {Promise<any>} */
  async function unpacked(key) {
    const small = await vault.get(key);
    return small === undefined ? null : JSON.parse(await unpack(small));
  }

  /** Search the copy; null when there is none.
   *  @param {{question: string, filters: Record<string, string[]|null>, terms?: any[], limit: number, offset: number}} asked */
  async function find(asked) {
    const copy = await opened();
    if (copy === null) return null;
    return { ...copy.search.find({ ...asked, today: copy.today }), made_at: copy.about.made_at };
  }

  /** An asset's text from the copy; null when it is not there or has expired. @param {string} slug */
  async function content(slug) {
    const copy = await opened();
    const card = copy === null ? undefined : cardsBySlug.get(slug);
    if (copy === null || card === undefined) return null;
    if (card.expires_on !== null && card.expires_on <= copy.today) return null;
    const html = (await unpacked(`texts:${copy.chunks.get(slug)}`))?.[slug];
    if (typeof html !== "string") return null;
    return contentOf({ ...card, html }, copy.about.address, "copy");
  }

  /** The words to match a page with. @param {string} stamp that one has */
  async function vocabulary(stamp) {
    const copy = await opened();
    if (copy === null) return { stamp: "", words: [] };
    return { stamp: copy.stamp, words: copy.stamp === stamp ? null : copy.words };
  }

  /** The rules for pages that an admin added, unchecked. @returns {Promise<unknown>} */
  const rules = async () => ((await opened()) === null ? [] : ((await unpacked("rules")) ?? []));

  /** @param {string} slug @returns {Promise<import("./local_search.js").Card|null>} */
  async function card(slug) {
    return (await opened()) === null ? null : (cardsBySlug.get(slug) ?? null);
  }

  async function erase() {
    open = null;
    cardsBySlug = new Map();
    await vault.erase();
  }

  return { about, refresh, find, content, vocabulary, rules, card, erase };
}

/** @typedef {ReturnType<typeof makeCopy>} Copy */

/** What `content` answers, from a card of the copy or an asset of the API.
 *  @param {any} asset @param {string} address @param {"hub"|"copy"} from */
export function contentOf(asset, address, from) {
  const html = forOutside(asset.html, address);
  return {
    slug: asset.slug,
    title: asset.title,
    version: asset.version,
    audience: asset.audience,
    html,
    text: plainText(html),
    from,
  };
}

/** @param {string} one @param {string} other */
function latest(one, other) {
  return one > other ? one : other;
}
