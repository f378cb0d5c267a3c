/**
 * Finding: of the hub while it answers in time, of the copy in this browser otherwise, in one shape.
 */

import { marked } from "./library/texts.js";
import { Trouble } from "./hub_client.js";

const PATIENCE = { short: 700, long: 10_000 }; // milliseconds until the copy answers instead
/** @type {Record<string, import("./messages.js").Answer["because"]>} */
const BECAUSE = { unreachable: "unreachable", strange: "unreachable", busy: "busy" };

/**
 * @param {{hub: () => Promise<import("./hub_client.js").Hub|null>, copy: import("./library/copy.js").Copy,
 *   online: () => boolean, wait?: (milliseconds: number) => Promise<void>, seen: (trouble: unknown) => Promise<void>}} ports
 *   `seen` is told how each question to the hub went
 */
export function makeLookup({ hub, copy, online, wait = pause, seen }) {
  /**
   * @param {{question: string, filters?: Record<string, string[]|null>|null, deal?: import("./messages.js").DealRef|null,
   *   limit?: number|null, offset?: number|null, patience?: "short"|"long"|null, terms?: import("./messages.js").TermRef[]|null}} asked
   * @returns {Promise<import("./messages.js").Answer>}
   */
  async function lookup(asked) {
    const { question, filters = null, deal = null, limit = null, offset = null, patience = null } = asked;
    const page = { limit: limit ?? 10, offset: offset ?? 0 };
    if (!online()) return fromCopy(asked, page, "offline");
    const client = await hub();
    if (client === null) return fromCopy(asked, page, "unreachable");
    const stop = new AbortController();
    const answer = client.search(question, filters ?? {}, deal, { ...page, signal: stop.signal });
    const first = await Promise.race([
      answer.then((found) => ({ found }), (trouble) => ({ trouble })),
      wait(PATIENCE[patience ?? "short"]).then(() => ({ slow: true })),
    ]);
    if ("found" in first) {
      await seen(null);
      return fromHub(question, first.found, page.offset);
    }
    if ("slow" in first) {
      answer.catch(() => {});
      stop.abort(); // the hub stops working for a caller who has left
      return fromCopy(asked, page, "slow");
    }
    await seen(first.trouble);
    if (!(first.trouble instanceof Trouble)) throw first.trouble;
    const because = BECAUSE[first.trouble.code];
    if (because === undefined) throw first.trouble; // signed out, or a question that cannot be asked
    return fromCopy(asked, page, because);
  }

  /** @param {any} asked @param {{limit: number, offset: number}} page @param {import("./messages.js").Answer["because"]} because
   *  @returns {Promise<import("./messages.js").Answer>} */
  async function fromCopy(asked, page, because) {
    const found = await copy.find({
      question: asked.question, filters: asked.filters ?? {}, terms: asked.terms ?? [], ...page,
    });
    const none = { total: 0, hits: [], facets: {}, suggestion: null, match: /** @type {const} */ ("none"), made_at: null };
    const { made_at, ...shown } = found ?? none;
    return { question: asked.question, from: "copy", because, copy_made_at: made_at, search_id: null, ...shown };
  }

  /** What fits a deal by the hub, and the words of the page by this browser. @param {any} asked */
  async function suggest({ deal, record, terms, limit }) {
    const ref = deal ?? record;
    const few = limit ?? 5;
    if (ref === null || !online()) return fromCopy({ question: "", terms: terms ?? [] }, { limit: few, offset: 0 }, online() ? "" : "offline");
    const answer = await lookup({ question: "", deal: ref, limit: Math.min(50, few * 3), terms });
    if (answer.from === "hub") answer.hits = ordered(answer.hits, terms ?? []);
    answer.hits = answer.hits.slice(0, few).map((hit, index) => ({ ...hit, position: index + 1 }));
    return answer;
  }

  return { lookup, suggest };
}

/** @param {string} question @param {any} found @param {number} offset @returns {import("./messages.js").Answer} */
function fromHub(question, found, offset) {
  return {
    question,
    from: "hub",
    because: "",
    copy_made_at: null,
    search_id: found.search_id,
    total: found.total,
    match: found.match,
    suggestion: found.suggestion,
    facets: found.facets,
    hits: found.hits.map((/** @type {any} */ hit, /** @type {number} */ index) => ({
      slug: hit.slug,
      position: offset + index + 1,
      title: hit.title,
      title_parts: marked(hit.highlights.title),
      snippet: marked(hit.highlights.snippet),
      kind: hit.kind,
      summary: hit.summary,
      version: null,
      personas: hit.personas,
      stages: hit.stages,
      products: hit.products,
      industries: hit.industries,
      competitors: hit.competitors,
      language: hit.language,
      audience: hit.audience,
      review_by: hit.review_by,
      expires_on: hit.expires_on,
      fresh: hit.fresh,
      evidence: hit.evidence,
      why: hit.why,
    })),
  };
}

/** What fits more of the page comes first; else the hub's order. @param {import("./messages.js").Hit[]} hits
 *  @param {import("./messages.js").TermRef[]} terms */
function ordered(hits, terms) {
  const fits = (/** @type {any} */ hit) => terms.filter(({ vocabulary, key }) => hit[vocabulary]?.includes(key)).length;
  return hits
    .map((hit, place) => ({ hit, place, fits: fits(hit) }))
    .sort((one, two) => two.fits - one.fits || one.place - two.place)
    .map(({ hit }) => hit);
}

/** @param {number} milliseconds @returns {Promise<void>} */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
