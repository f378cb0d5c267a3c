/**
 * The connection to the one hub: made by a click on a page of the hub, with nothing to copy.
 *
 * This browser makes a secret and opens the hub's page with the SHA-256 of it. Whoever is signed in there approves, and
 * the page then holds a code of one use, which is read off the tab that was opened here, and no other. Code and secret
 * together claim the token. The secret is kept in memory of the browser only, and nothing of all this is in an address.
 */

import { Trouble, makeHub } from "./hub_client.js";
import { Refused } from "./messages.js";

const KEY = "connection";
const CONNECTING = "connecting";
const CODE = "hub-extension-code"; // the element of the hub's page

/**
 * @typedef {object} Connection
 * @property {string} address
 * @property {string} token empty when it opens nothing any more
 * @property {{id: number, name: string, team: string, role: string}} person
 * @property {string|null} expires_at
 * @property {"connected"|"expired"|"too-old"} state
 * @typedef {{address: string, verifier: string, challenge: string, tab: number}} Connecting
 */

/**
 * @param {{browser: import("./browser.js").Browser, fetch?: import("./hub_client.js").Fetch, crypto?: Crypto}} ports
 */
export function makeConnection({ browser, fetch, crypto = globalThis.crypto }) {
  /** @returns {Promise<Connection|null>} */
  const current = async () => (await browser.local.get(KEY)) ?? null;
  /** @returns {Promise<Connecting|null>} */
  const connecting = async () => (await browser.session.get(CONNECTING)) ?? null;

  /** A client that may ask; null when there is none that could. */
  async function hub() {
    const known = await current();
    if (known === null || known.state !== "connected") return null;
    return makeHub({ address: known.address, token: known.token, fetch });
  }

  /** Open the hub's page. Throws Refused, in words for people. @param {string} typed */
  async function begin(typed) {
    const address = addressOf(typed);
    if (!(await browser.allowed(`${address}/*`))) {
      throw new Refused("no-access", "The browser has not been allowed to talk to that address. Press Connect again, and allow it.");
    }
    await known(address);
    const verifier = inAddress(crypto.getRandomValues(new Uint8Array(32)));
    const challenge = await challengeOf(verifier);
    // Kept before the page opens: the worker may be gone by the time that somebody approves.
    const tab = await browser.openTab("about:blank");
    await browser.session.set(CONNECTING, { address, verifier, challenge, tab });
    await browser.goTo(tab, `${address}/extension/connect?challenge=${challenge}`);
  }

  /** Whether a hub is there that understands this extension. @param {string} address */
  async function known(address) {
    let about;
    try {
      about = await makeHub({ address, fetch }).about();
    } catch (trouble) {
      const code = trouble instanceof Trouble ? trouble.code : "";
      if (code === "unreachable") throw new Refused("unreachable", `Nothing answers at ${address}. Is the address right, and are you on the network it needs?`);
      if (code === "busy") throw new Refused("busy", "The hub is busy. Try again in a minute.");
      throw new Refused("not-a-hub", `What answers at ${address} is not a hub, or one that is older than this extension.`);
    }
    if (about?.hub !== "messaging-hub") throw new Refused("not-a-hub", `What answers at ${address} is not a hub.`);
    if (older(browser.self.version, about.oldest)) throw new Refused("too-old", tooOld(about.oldest));
  }

  /** A tab has loaded: if it is the one we opened, and somebody approved on it, claim. @param {number} tab
   *  @returns {Promise<boolean>} whether this connected */
  async function tabLoaded(tab) {
    const open = await connecting();
    if (open === null || open.tab !== tab) return false;
    const data = await browser.dataOf(tab, CODE);
    if (data === null || data.challenge !== open.challenge || !data.code) return false;
    await browser.session.remove(CONNECTING); // one use, whatever comes of it
    const claimed = await makeHub({ address: open.address, fetch }).claim(data.code, open.verifier);
    /** @type {Connection} */
    const connection = {
      address: open.address, token: claimed.token, person: claimed.person, expires_at: claimed.expires_at, state: "connected",
    };
    await browser.local.set(KEY, connection);
    return true;
  }

  const giveUp = () => browser.session.remove(CONNECTING);

  /** The tab was closed before anybody approved. @param {number} tab */
  async function tabGone(tab) {
    if ((await connecting())?.tab === tab) await giveUp();
  }

  /** What the hub said about the token or this extension. @param {"expired"|"too-old"} state */
  async function ended(state) {
    const had = await current();
    if (had === null) return;
    await browser.local.set(KEY, { ...had, state, token: state === "expired" ? "" : had.token });
  }

  /** Whether this extension is still understood, and who we are now. */
  async function check() {
    const had = await current();
    if (had === null || had.token === "") return;
    const found = await makeHub({ address: had.address, token: had.token, fetch }).connection();
    const state = older(browser.self.version, found.oldest) ? "too-old" : "connected";
    await browser.local.set(KEY, { ...had, state, person: found.person, expires_at: found.expires_at });
  }

  return { current, connecting, hub, begin, tabLoaded, tabGone, giveUp, ended, check };
}

/** The origin of a typed address. Throws Refused. @param {string} typed @returns {string} */
export function addressOf(typed) {
  const text = typed.trim();
  let url;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${local(text) ? "http" : "https"}://${text}`);
  } catch {
    throw noAddress();
  }
  // Chromium takes almost anything for the name of a host, spaces among it.
  if (!/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])?$/.test(url.hostname)) throw noAddress();
  if (!["http:", "https:"].includes(url.protocol)) {
    throw new Refused("wrong-address", "A hub's address begins with https://, or with http:// on your own machine.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new Refused("wrong-address", "Leave the name and the password out of the address.");
  }
  if (url.protocol === "http:" && !near(url.hostname)) {
    throw new Refused("wrong-address", "Over http:// everybody on the way could read along. Use https://.");
  }
  return url.origin;
}

function noAddress() {
  return new Refused("wrong-address", "That is not an address. It looks like https://hub.example.com.");
}

/** This machine. @param {string} host what follows it does not matter */
function local(host) {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::|\/|$)/i.test(host);
}

/** This machine or the network of the house, where a small team may have no certificate. @param {string} host */
function near(host) {
  const inside = /^(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|[^.:[\]]+)$/;
  return local(host) || inside.test(host) || /\.(?:local|lan|internal|home\.arpa)$/.test(host);
}

/** @param {string} oldest */
export function tooOld(oldest) {
  return `The hub needs version ${oldest} of this extension or a newer one. Download it from the hub's page “Browser extension”.`;
}

/** @param {string} one @param {string} other both like `1.12.0` */
export function older(one, other) {
  const parts = (/** @type {string} */ version) => String(version).split(".").map(Number);
  const [mine, wanted] = [parts(one), parts(other)];
  for (let place = 0; place < 3; place += 1) {
    if ((mine[place] ?? 0) !== (wanted[place] ?? 0)) return (mine[place] ?? 0) < (wanted[place] ?? 0);
  }
  return false;
}

/** @param {string} verifier @returns {Promise<string>} */
export async function challengeOf(verifier) {
  return inAddress(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** The sign that the hub's page shows too. @param {string} challenge @returns {Promise<string>} */
export async function signOf(challenge) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(challenge)));
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = 0n;
  for (const byte of bytes.slice(0, 5)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: 6 }, (_, place) => letters[Number((bits >> BigInt(35 - 5 * place)) & 31n)]).join("");
}

/** @param {Uint8Array} bytes */
function inAddress(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
