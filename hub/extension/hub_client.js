/**
 * The one file that talks to the hub. Every call answers its JSON or throws Trouble, whose `code` says what to do:
 *
 *   unreachable  no network, no server, no answer in time: try again later; nothing is known of what became of a write
 *   busy         the hub asks to come back after `retryAfter` seconds (429, 503)
 *   signed-out   the token is revoked or over (401)
 *   refused      the hub understood and will not (403, 404, 409, 422 …): trying again is of no use
 *   strange      what answered is not the hub's API
 */

export class Trouble extends Error {
  /** @param {string} code @param {string} says @param {{status?: number, retryAfter?: number}} [more] */
  constructor(code, says, { status = 0, retryAfter = 0 } = {}) {
    super(says);
    this.name = "Trouble";
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const PATIENCE = 15_000; // milliseconds for an answer
const LIBRARY_PATIENCE = 120_000;
const LARGEST_ANSWER = 5_000_000; // bytes
const LARGEST_LIBRARY = 150_000_000;

/**
 * @typedef {(url: string, how: RequestInit) => Promise<Response>} Fetch
 * @param {{address: string, token?: string, fetch?: Fetch}} hub `address` is an origin
 */
export function makeHub({ address, token = "", fetch = globalThis.fetch.bind(globalThis) }) {
  /**
   * @param {string} method @param {string} path
   * @param {{body?: object, signal?: AbortSignal, headers?: Record<string, string>, most?: number, patience?: number}} [how]
   */
  async function call(method, path, { body, signal, headers = {}, most = LARGEST_ANSWER, patience = PATIENCE } = {}) {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), patience);
    const stop = () => timeout.abort();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    try {
      const answer = await fetch(`${address}/api/v1${path}`, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: {
          accept: "application/json",
          ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        credentials: "omit", // the token speaks, never a cookie that happens to be there
        cache: "no-store",
        redirect: "error", // a token must not follow to another place
        signal: timeout.signal,
      });
      return await read(answer, most);
    } catch (trouble) {
      if (trouble instanceof Trouble) throw trouble;
      throw new Trouble("unreachable", "The hub cannot be reached.");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  const deal = (/** @type {{source: string, external_id: string}} */ ref) =>
    `/deals/${encodeURIComponent(ref.source)}/${encodeURIComponent(ref.external_id)}`;

  return {
    address,
    /** Whether there is a hub at the address, and which. */
    about: async () => (await call("GET", "/extension")).json,
    /** @param {string} code @param {string} verifier */
    claim: async (code, verifier) => (await call("POST", "/extension/connection", { body: { code, verifier } })).json,
    connection: async () => (await call("GET", "/extension/connection")).json,
    disconnect: async () => void (await call("DELETE", "/extension/connection")),
    /** @param {string} etag of the copy that one has @returns {Promise<{etag: string, library: any}|null>} null: nothing new */
    async library(etag) {
      /** @type {Record<string, string>} */
      const headers = etag === "" ? {} : { "if-none-match": etag };
      const answer = await call("GET", "/extension/library", {
        headers, most: LARGEST_LIBRARY, patience: LIBRARY_PATIENCE,
      });
      return answer.status === 304 ? null : { etag: answer.etag, library: answer.json };
    },
    /** @param {string} question @param {Record<string, string[]|null>} filters
     *  @param {{source: string, external_id: string}|null} ref @param {{limit: number, offset: number, signal?: AbortSignal}} page */
    async search(question, filters, ref, { limit, offset, signal }) {
      const query = new URLSearchParams({ q: question, limit: String(limit), offset: String(offset), channel: "extension" });
      for (const [name, values] of Object.entries(filters)) for (const value of values ?? []) query.append(name, value);
      if (ref !== null) query.set("deal", `${ref.source}/${ref.external_id}`);
      return (await call("GET", `/search?${query}`, { signal })).json;
    },
    /** @param {{search_id: string, position: number}} found @param {string} slug */
    choose: async ({ search_id, position }, slug) =>
      void (await call("PUT", `/searches/${search_id}/choice`, { body: { slug, position } })),
    /** @param {string} slug @param {AbortSignal} [signal] */
    asset: async (slug, signal) => (await call("GET", `/assets/${encodeURIComponent(slug)}`, { signal })).json,
    /** @param {{source: string, external_id: string}} ref */
    deal: async (ref) => (await call("GET", deal(ref))).json,
    /** @param {string} words @param {boolean} mine */
    deals: async (words, mine) => {
      const query = new URLSearchParams({ q: words, outcome: "open", limit: "10", ...(mine ? { mine: "true" } : {}) });
      return (await call("GET", `/deals?${query}`)).json.items;
    },
    /** @param {object[]} uses @returns {Promise<{accepted: number, duplicates: number, rejected: {index: number, reason: string}[]}>} */
    record: async (uses) => (await call("POST", "/uses", { body: /** @type {any} */ (uses) })).json,
    /** @param {string} id @param {{source: string, external_id: string}|null} ref */
    nameDeal: async (id, ref) => void (await call("PUT", `/uses/${id}/deal`, { body: { deal: ref } })),
    /** @param {string} id */
    takeBack: async (id) => void (await call("DELETE", `/uses/${id}`)),
    /** @param {object} request */
    request: async (request) => (await call("POST", "/requests", { body: request })).json,
  };
}

/** @typedef {ReturnType<typeof makeHub>} Hub */

/** @param {Response} answer @param {number} most */
async function read(answer, most) {
  const { status } = answer;
  const etag = answer.headers.get("etag") ?? "";
  if (status === 204 || status === 304) return { status, etag, json: null };
  const text = await bounded(answer, most);
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    // a sign-in page of a proxy, another site, a page of errors
    throw new Trouble(status >= 500 ? "unreachable" : "strange", "What answers there is not a hub.", { status });
  }
  if (status < 400) return { status, etag, json };
  const says = typeof json?.detail === "string" ? sentence(json) : `The hub answered ${status}.`;
  const retryAfter = Number(answer.headers.get("retry-after") ?? 0) || 0;
  if (status === 401) throw new Trouble("signed-out", says, { status });
  if (status === 429 || status === 503) throw new Trouble("busy", says, { status, retryAfter: Math.max(retryAfter, 1) });
  throw new Trouble(status >= 500 ? "unreachable" : "refused", says, { status });
}

/** @param {{detail: string, errors?: {message: string}[]}} problem */
function sentence(problem) {
  const first = problem.errors?.[0]?.message;
  return (first ? `${problem.detail} ${first}` : problem.detail).slice(0, 500);
}

/** @param {Response} answer @param {number} most */
async function bounded(answer, most) {
  if (answer.body === null) return "";
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > most) {
      await reader.cancel();
      throw new Trouble("strange", "The answer is larger than anything a hub sends.");
    }
    text += decoder.decode(value, { stream: true });
  }
}
