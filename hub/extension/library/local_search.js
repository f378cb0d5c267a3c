/**
 * Search in the local copy. There is no index to build or to keep: a service worker is started anew many times a day,
 * and going through ten thousand folded texts takes a few milliseconds, less than loading an index of them would.
 *
 * Every word must be there (else the nearest are shown, and `match` says poor): at a word's beginning, in another form
 * of it, or, when nothing has it at all, in the nearest spelling. Where it stands decides the order; what an asset has
 * proved decides among equals; how often it was used decides nothing.
 */

import { FILTERS } from "../messages.js";
import { questionOf } from "./question.js";
import { allowedMistakes, distance, folded, stemOf, wordsOf } from "./words.js";

/**
 * @typedef {object} Card an asset of the copy
 * @property {string} slug @property {string} title @property {string} kind @property {string} summary
 * @property {string} body @property {number} version @property {string} language @property {string} audience
 * @property {string[]} personas @property {string[]} stages @property {string[]} products
 * @property {string[]} industries @property {string[]} competitors
 * @property {string|null} review_by @property {string|null} expires_on
 * @property {import("../messages.js").Evidence|null} evidence
 *
 * @typedef {{card: Card, fields: string[]}} Entry
 * @typedef {{text: string, quality: number}} Reading a way to read a word that was asked for
 * @typedef {{word: string, readings: Reading[], spelt: string}} Asked
 * @typedef {{entry: Entry, score: number, has: number, where: number[], fits: string[]}} Found
 */

const FIELDS = ["title", "tags", "summary", "text"];
const WEIGHTS = [8, 5, 4, 1];
const BANDS = ["proven", "promising", "no_evidence", "too_early", "watch", "goes_with_losing"];
/** @type {Record<string, string>} */
const VOCABULARY = {
  persona: "personas", stage: "stages", product: "products", industry: "industries", competitor: "competitors",
  language: "languages",
};
const NEAREST = 5;

/** @param {Card[]} cards @param {import("../messages.js").VocabularyWord[]} words */
export function makeSearch(cards, words) {
  const said = new Map(words.map((word) => [`${word.vocabulary}:${word.key}`, word.words]));
  const entries = cards.map((card) => ({
    card,
    fields: [folded(card.title), folded(tagWords(card, said)), folded(card.summary), folded(card.body)],
  }));
  /** @type {string[][]} */
  const spellings = [];

  /** What a term is called. @param {string} facet @param {string} key */
  const label = (facet, key) => said.get(`${VOCABULARY[facet]}:${key}`)?.[0] ?? key;

  /**
   * @param {{question: string, filters: Record<string, string[]|null>, terms?: import("../messages.js").TermRef[],
   *   limit: number, offset: number, today: string}} asked `today` as `2027-03-01`: what expired is not found
   * @returns {{total: number, match: "good"|"poor"|"none", suggestion: string|null,
   *   facets: Record<string, Record<string, number>>, hits: import("../messages.js").Hit[]}}
   */
  function find({ question, filters, terms = [], limit, offset, today }) {
    const typed = questionOf(question);
    const wanted = together(filters, typed.filters);
    const asked = typed.words.map(read);
    const reached = entries.filter(
      ({ card, fields }) =>
        !(card.expires_on !== null && card.expires_on <= today) &&
        typed.phrases.every((phrase) => fields.some((field) => field.includes(phrase))) &&
        !typed.without.some((phrase) => fields.some((field) => field.includes(phrase))),
    );
    const matched = match(reached, asked, terms);
    const chosen = matched.found.filter(({ entry }) => passes(entry.card, wanted, ""));
    chosen.sort(before);
    const match_ = chosen.length === 0 ? "none" : matched.poor ? "poor" : "good";
    const spelt = asked.filter((one) => one.spelt !== "");
    return {
      total: chosen.length,
      match: match_,
      suggestion: spelt.length === 0 ? null : asked.map((one) => one.spelt || one.word).join(" "),
      facets: facetsOf(matched.found, wanted),
      hits: chosen.slice(offset, offset + limit).map((one, index) => hitOf(one, asked, offset + index + 1, today)),
    };
  }

  /** A word and how it may stand in a text. @param {string} word @returns {Asked} */
  function read(word) {
    const stem = stemOf(word);
    const readings = [{ text: word, quality: 1 }, ...(stem === word ? [] : [{ text: stem, quality: 0.9 }])];
    if (entries.some((entry) => entry.fields.some((field) => readings.some(({ text }) => field.includes(` ${text}`))))) {
      return { word, readings, spelt: "" };
    }
    const near = nearest(word);
    if (near.length === 0) return { word, readings, spelt: "" };
    return { word, readings: near.map((text) => ({ text, quality: 0.6 })), spelt: near[0] };
  }

  /** The nearest spellings that there are: of titles, tags and summaries first, then of the texts. @param {string} word */
  function nearest(word) {
    const most = allowedMistakes(word);
    if (most === 0) return [];
    for (const fields of [[0, 1, 2], [3]]) {
      const key = fields[0];
      spellings[key] ??= [...new Set(entries.flatMap((entry) => fields.flatMap((field) => entry.fields[field].trim().split(" "))))];
      const near = spellings[key]
        // Whoever is still typing has typed only the beginning.
        .map((other) => ({
          other,
          far: Math.min(distance(word, other, most), other.length > word.length ? distance(word, other.slice(0, word.length), most) + 0.5 : 9),
        }))
        .filter(({ other, far }) => far <= most + 0.5 && other.length > 2)
        .sort((one, two) => one.far - two.far || Number(two.other[0] === word[0]) - Number(one.other[0] === word[0]))
        .slice(0, NEAREST);
      if (near.length > 0) return near.filter(({ far }) => far <= near[0].far + 0.5).map(({ other }) => other);
    }
    return [];
  }

  /** @param {Found[]} found @param {Record<string, string[]>} wanted */
  function facetsOf(found, wanted) {
    /** @type {Record<string, Record<string, number>>} */
    const facets = {};
    for (const facet of FILTERS) {
      /** @type {Record<string, number>} */
      const counts = {};
      for (const { entry } of found) {
        if (!passes(entry.card, wanted, facet)) continue;
        for (const value of valuesOf(entry.card, facet)) counts[value] = (counts[value] ?? 0) + 1;
      }
      facets[facet] = counts;
    }
    return facets;
  }

  /** @param {Found} found @param {Asked[]} asked @param {number} position @param {string} today
   *  @returns {import("../messages.js").Hit} */
  function hitOf({ entry: { card }, where, fits }, asked, position, today) {
    const readings = asked.flatMap((one) => one.readings.map(({ text }) => text));
    return {
      slug: card.slug,
      position,
      title: card.title,
      title_parts: marking(card.title, readings),
      snippet: snippetOf(card, readings),
      kind: card.kind,
      summary: card.summary,
      version: card.version,
      personas: card.personas,
      stages: card.stages,
      products: card.products,
      industries: card.industries,
      competitors: card.competitors,
      language: card.language,
      audience: card.audience,
      review_by: card.review_by,
      expires_on: card.expires_on,
      fresh: card.review_by === null ? null : card.review_by >= today,
      evidence: card.evidence,
      why: [...fits.map((one) => `fits this page: ${one}`), ...reasons(asked, where)],
    };
  }

  /** @param {Entry[]} reached @param {Asked[]} asked @param {import("../messages.js").TermRef[]} terms */
  function match(reached, asked, terms) {
    const found = reached.map((entry) => standing(entry, asked, terms));
    if (asked.length === 0) {
      const fitting = terms.length === 0 ? found : found.filter((one) => one.fits.length > 0);
      return { found: fitting, poor: false };
    }
    const all = found.filter((one) => one.has === asked.length);
    weigh(all, asked.length);
    if (all.length > 0) return { found: all, poor: false };
    const some = found.filter((one) => one.has > 0);
    weigh(some, asked.length);
    return { found: some, poor: true };
  }

  /** Where the words stand in one asset. @param {Entry} entry @param {Asked[]} asked
   *  @param {import("../messages.js").TermRef[]} terms @returns {Found} */
  function standing(entry, asked, terms) {
    const where = asked.map(({ readings }) => placeOf(entry, readings));
    const fits = terms
      .filter(({ vocabulary, key }) => /** @type {any} */ (entry.card)[vocabulary]?.includes(key))
      .map(({ vocabulary, key }) => said.get(`${vocabulary}:${key}`)?.[0] ?? key);
    return { entry, score: fits.length * 3, has: where.filter((place) => place >= 0).length, where, fits };
  }

  return { find, label, size: cards.length };
}

/** @typedef {ReturnType<typeof makeSearch>} Search */

/** @param {Card} card @param {Map<string, string[]>} said */
function tagWords(card, said) {
  const words = [card.kind.replaceAll("_", " ")];
  for (const name of ["personas", "stages", "products", "industries", "competitors"]) {
    for (const key of /** @type {any} */ (card)[name]) words.push(...(said.get(`${name}:${key}`) ?? [key]));
  }
  return words.join(" . ");
}

/** The best field that has one of the readings, -1 without. @param {Entry} entry @param {Reading[]} readings */
function placeOf(entry, readings) {
  for (let field = 0; field < FIELDS.length; field += 1) {
    for (const { text } of readings) if (entry.fields[field].includes(` ${text}`)) return field;
  }
  return -1;
}

/** A word that few have says more than one that all have. @param {Found[]} found @param {number} count */
function weigh(found, count) {
  for (let word = 0; word < count; word += 1) {
    const having = found.filter((one) => one.where[word] >= 0).length;
    const rarity = 1 + Math.log((found.length + 1) / (having + 1));
    for (const one of found) if (one.where[word] >= 0) one.score += WEIGHTS[one.where[word]] * rarity;
  }
}

/** @param {Found} one @param {Found} two */
function before(one, two) {
  return (
    two.has - one.has || Math.round(two.score) - Math.round(one.score) || band(one) - band(two) ||
    one.entry.card.title.localeCompare(two.entry.card.title)
  );
}

/** @param {Found} one */
function band({ entry }) {
  const place = BANDS.indexOf(entry.card.evidence?.verdict ?? "no_evidence");
  return place < 0 ? 2 : place;
}

/** @param {Record<string, string[]|null>} one @param {Record<string, string[]>} two */
function together(one, two) {
  /** @type {Record<string, string[]>} */
  const both = {};
  for (const name of FILTERS) {
    const values = [...(one[name] ?? []), ...(two[name] ?? [])];
    if (values.length > 0) both[name] = values;
  }
  return both;
}

/** @param {Card} card @param {Record<string, string[]>} wanted @param {string} but a facet that is not looked at */
function passes(card, wanted, but) {
  return Object.entries(wanted).every(
    ([facet, values]) => facet === but || valuesOf(card, facet).some((value) => values.includes(value)),
  );
}

/** @param {Card} card @param {string} facet @returns {string[]} */
function valuesOf(card, facet) {
  if (facet === "kind") return [card.kind];
  if (facet === "language") return [card.language];
  if (facet === "audience") return [card.audience];
  return /** @type {any} */ (card)[VOCABULARY[facet]];
}

/** @param {Asked[]} asked @param {number[]} where */
function reasons(asked, where) {
  const why = [];
  for (const [field, name] of FIELDS.entries()) {
    const here = asked.filter((_, index) => where[index] === field).map((one) => `“${one.spelt || one.word}”`);
    if (here.length > 0) why.push(`${here.join(", ")} in the ${name}`);
  }
  for (const one of asked) if (one.spelt !== "") why.push(`read “${one.word}” as “${one.spelt}”`);
  const missing = asked.filter((_, index) => where[index] < 0).map((one) => `“${one.word}”`);
  if (missing.length > 0) why.push(`without ${missing.join(", ")}`);
  return why;
}

/** @param {string} text @param {string[]} readings @returns {import("../messages.js").Part[]} */
function marking(text, readings) {
  /** @type {import("../messages.js").Part[]} */
  const parts = [];
  for (const piece of text.split(/([\p{L}\p{N}]+)/u)) {
    if (piece === "") continue;
    const word = folded(piece).trim();
    const mark = word !== "" && readings.some((reading) => word.startsWith(reading));
    const last = parts.at(-1);
    if (last !== undefined && last.mark === mark) last.text += piece;
    else parts.push({ text: piece, mark });
  }
  return parts;
}

/** The place of the text where the words stand; the summary when they stand nowhere in it.
 *  @param {Card} card @param {string[]} readings */
function snippetOf(card, readings) {
  const body = readings.length === 0 ? "" : withoutMarkup(card.body);
  const pieces = body.split(/\s+/);
  const at = pieces.findIndex((piece) => wordsOf(piece).some((word) => readings.some((reading) => word.startsWith(reading))));
  if (at < 0) return marking(card.summary, readings);
  const from = Math.max(0, at - 6);
  const text = pieces.slice(from, from + 28).join(" ");
  return marking(`${from > 0 ? "… " : ""}${text}${from + 28 < pieces.length ? " …" : ""}`, readings);
}

/** @param {string} markdown */
function withoutMarkup(markdown) {
  return markdown
    .slice(0, 50_000)
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^[ \t]*(?:#{1,6}|>|[-*+]|\d+\.)[ \t]+/gm, "")
    .replace(/[*_`|]+/g, " ");
}
