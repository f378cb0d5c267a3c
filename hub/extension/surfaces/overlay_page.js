/**
 * The look-up that stands over a visited page, in a frame. The page around it is hostile: it shows nothing before the
 * worker has confirmed its ticket, talks to nobody but through the port that came with that ticket, and takes no click
 * that it cannot be sure was meant for it, because a page may lay something over a frame or make it transparent.
 * Keys need no such care: they reach a frame only when the person has put the focus there.
 */

import { makeBrowser } from "../browser.js";
import { ask as askWorker } from "../messages.js";
import { at, fill, icon, make, marking } from "./elements.js";
import { makeTyping } from "./typing.js";
import { VERDICTS, audienceName, counted, dayName, evidenceWords, kindName, signed, sourceWords } from "./wording.js";

const browser = makeBrowser(chrome);
const ticket = location.hash.slice(1);
const SVG = "http://www.w3.org/2000/svg";
const LIMIT = 20;

/** @type {any} */
const now = { port: null, answer: null, here: 0, moved: false, deal: null, chosen: null, terms: [], sure: "", seen: false, busy: false };

/** @param {string} type @param {object} [fields] @returns {Promise<any>} */
const ask = (type, fields) => askWorker(browser.send, type, fields);
const typing = makeTyping({
  ask: (asked) => (asked.question === "" ? ask("suggest", { deal: asked.deal, terms: now.terms, limit: LIMIT }) : ask("lookup", asked)),
  show: showAnswer,
  fail: (trouble) => { tell(trouble.message); },
  busy: (is) => at("list").setAttribute("aria-busy", String(is)),
  moved: () => now.moved,
});
const field = /** @type {HTMLInputElement} */ (
  make("input", {
    type: "search", id: "question", placeholder: "What the buyer said, a name, a competitor", autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-label": "Look up", "aria-controls": "hits", "aria-expanded": "true", "aria-autocomplete": "list", maxlength: 400,
  })
);

// --- beginning -----------------------------------------------------------------------------------------------------
const confirmed = ask("overlay-begin", { ticket });
addEventListener("message", (event) => {
  if (now.port !== null || event.data?.ticket !== ticket || event.ports.length !== 1) return;
  const [port] = event.ports;
  now.port = port;
  confirmed.then(({ chosen }) => begin(port, String(event.data.question ?? ""), chosen), () => port.close());
});

/** @param {MessagePort} port @param {string} question @param {{deal: any}|null} chosen */
function begin(port, question, chosen) {
  now.chosen = chosen;
  port.onmessage = ({ data }) => {
    if (data.context) takeContext(data.context);
    if (data.refused !== undefined) notInserted(data.refused);
  };
  at("ask").append(icon("search"), field, make("kbd", { "aria-hidden": "true" }, "Esc"));
  at("ask").addEventListener("submit", (event) => event.preventDefault());
  field.value = question.slice(0, 400);
  field.addEventListener("input", () => { now.moved = false; lookUp(false); });
  document.addEventListener("keydown", keys);
  at("all").hidden = false;
  watchForCovers();
  field.focus();
  lookUp(true);
  port.postMessage({ do: "begin" });
}

/** @param {{record: any, terms: any[]}} context */
async function takeContext({ record, terms }) {
  now.terms = terms;
  now.deal = now.chosen === null ? record : now.chosen.deal && { source: now.chosen.deal.source, external_id: now.chosen.deal.external_id };
  if (now.deal === null && terms.length === 0) return;
  if (field.value.trim() === "" && !now.moved) lookUp(true);
  if (now.deal !== null) showDeal(await ask("deal-of-record", now.deal));
}

/** @param {import("../messages.js").Deal} deal */
function showDeal(deal) {
  const about = [deal.account, deal.stage].filter(Boolean).join(" · ");
  fill("deal", icon("deals"), make("span", {}, "For"), make("b", {}, deal.name || deal.external_id), make("small", {}, deal.known ? about : "not in the hub yet"));
}

// --- asking and showing ---------------------------------------------------------------------------------------------
/** @param {boolean} atOnce */
function lookUp(atOnce) {
  typing.ask({ question: field.value.trim(), deal: now.deal, limit: LIMIT }, atOnce);
}

/** @param {import("../messages.js").Answer} answer */
function showAnswer(answer) {
  now.answer = answer;
  now.here = 0;
  now.sure = "";
  tell("");
  at("hits").replaceChildren(...answer.hits.map(row));
  at("list").scrollTop = 0;
  fill("none", answer.hits.length > 0 ? null : nothing(answer));
  stand(0);
  showBar();
}

/** @param {import("../messages.js").Hit} hit @param {number} index */
function row(hit, index) {
  const facts = [kindName(hit.kind), hit.audience === "internal" ? audienceName(hit.audience) : "", hit.fresh === false && hit.review_by ? `Review overdue since ${dayName(hit.review_by)}` : ""];
  const snippet = hit.snippet.length > 0 ? marking(hit.snippet) : [hit.summary];
  const why = hit.why.join("; ");
  return make("li", { class: "hit", role: "option", id: `hit-${index}`, "aria-selected": "false", "data-asset": hit.slug, mousedown: keepFocus, click: () => { now.moved = true; stand(index); }, dblclick: clicked(() => insert()) },
    make("span", { class: "title" }, ...marking(hit.title_parts)),
    make("span", { class: "meta" }, ...facts.filter(Boolean).map((fact) => make("span", {}, fact))),
    make("span", { class: "snip" }, ...snippet),
    why === "" ? "" : make("span", { class: "why" }, `${why.charAt(0).toUpperCase()}${why.slice(1)}.`),
    side(hit.evidence));
}

/** @param {import("../messages.js").Evidence|null} evidence */
function side(evidence) {
  if (evidence === null || VERDICTS[evidence.verdict] === undefined) return "";
  const [symbol, words] = VERDICTS[evidence.verdict];
  const figures = evidence.verdict !== "too_early" && evidence.lift !== null;
  return make("span", { class: `side ${evidence.verdict}` },
    make("span", { class: "quietly" }, evidenceWords(evidence)),
    make("span", { class: `verdict ${evidence.verdict}`, "aria-hidden": "true" }, icon(symbol), words),
    figures ? rangeOf(evidence) : "",
    make("span", { class: "faint", "aria-hidden": "true" }, figures ? `${signed(Number(evidence.lift))} points, ${counted(evidence.deals, "deal")}` : `${counted(evidence.deals, "deal")} so far`));
}

/** From −6 to +12 points wherever it stands, as in the hub. @param {import("../messages.js").Evidence} evidence */
function rangeOf({ low, high, lift, verdict }) {
  const place = (/** @type {number|null} */ points, /** @type {number} */ edge) => `${Math.min(100 - edge, Math.max(edge, ((Number(points) + 6) / 18) * 100)).toFixed(2)}%`;
  const drawn = (/** @type {string} */ name, /** @type {Record<string, string>} */ given) => {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(given)) part.setAttribute(key, value);
    return part;
  };
  const picture = drawn("svg", { class: `range ${verdict}`, "aria-hidden": "true" });
  picture.append(
    drawn("line", { class: "zero", x1: "33.33%", x2: "33.33%", y1: "0", y2: "100%" }),
    drawn("line", { class: "bar", x1: place(low, -2), x2: place(high, -2), y1: "50%", y2: "50%" }),
    drawn("circle", { class: "dot", cx: place(lift, 2), cy: "50%", r: "4" }));
  return picture;
}

/** @param {import("../messages.js").Answer} answer */
function nothing({ question, from, copy_made_at }) {
  if (from === "copy" && copy_made_at === null) return make("div", { class: "empty" }, icon("offline"), make("h2", {}, "Nothing to look in"), make("p", {}, "The hub does not answer, and this browser has no copy of the library yet."));
  if (question === "") return make("div", { class: "empty" }, icon("search"), make("h2", {}, "Type what you need"), make("p", {}, "Nothing here fits this page by itself."));
  return make("div", { class: "empty" }, icon("search"), make("h2", {}, "Nothing fits that"), make("p", {}, "Say it in fewer or in other words, or ask for it: what is missing gets written."),
    make("button", { class: "btn main", type: "button", click: clicked(askForIt) }, icon("plus"), "Ask for it"));
}

/** @param {number} index */
function stand(index) {
  const rows = [...at("hits").children];
  if (rows.length === 0) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  now.here = Math.max(0, Math.min(index, rows.length - 1));
  now.sure = "";
  for (const [place, one] of rows.entries()) {
    one.classList.toggle("here", place === now.here);
    one.setAttribute("aria-selected", String(place === now.here));
  }
  field.setAttribute("aria-activedescendant", `hit-${now.here}`);
  rows[now.here].scrollIntoView({ block: "nearest" });
}

function showBar() {
  const { answer } = now;
  const button = (/** @type {string} */ symbol, /** @type {string} */ words, /** @type {string} */ key, /** @type {() => void} */ act, main = false) =>
    make("button", { class: main ? "btn main" : "btn", type: "button", tabindex: "0", mousedown: keepFocus, click: clicked(act) }, icon(symbol), words, make("kbd", { "aria-hidden": "true" }, key));
  const source = sourceWords(answer, new Date()) || (answer.question === "" ? "" : `${counted(answer.total, "asset")} found`);
  fill("bar", ...(answer.hits.length === 0 ? [] : [button("down", "Insert", "↵", insert, true), button("copy", "Copy", "⇧ ↵", copyIt), button("external", "Open", "Ctrl ↵", open)]), make("span", { class: "faint" }, source), answer.question === "" || answer.hits.length === 0 ? null : make("button", { class: "btn quiet", type: "button", mousedown: keepFocus, click: clicked(askForIt) }, icon("plus"), "Ask for it"));
}

/** @param {string} text */
function tell(text) {
  at("told").textContent = text;
}

// --- deeds ----------------------------------------------------------------------------------------------------------
const hit = () => now.answer?.hits[now.here];
const found = (/** @type {any} */ one) => (now.answer.search_id ? { search_id: now.answer.search_id, position: one.position } : null);

function insert() {
  const one = hit();
  if (one === undefined || now.busy) return;
  if (one.audience === "internal" && now.sure !== one.slug) {
    now.sure = one.slug;
    tell("This is for inside only. Press Enter once more to insert it all the same.");
    return;
  }
  now.busy = true;
  now.port.postMessage({ do: "insert", slug: one.slug, title: one.title, deal: now.deal, found: found(one) });
}

/** @param {string} says */
async function notInserted(says) {
  now.busy = false;
  field.focus();
  await copyIt();
  tell(`${says} ${at("told").textContent}`);
}

async function copyIt() {
  const one = hit();
  if (one === undefined) return;
  await attempt(async () => {
    const { html, text, version } = await ask("content", { slug: one.slug });
    if (!copied(html, text)) return tell("The browser did not let the text be copied.");
    await ask("record-use", { slug: one.slug, version, action: "copied", channel: "extension", deal: now.deal, found: found(one) });
    tell("Copied: paste it where you write.");
  });
}

/** By the old way: pages may switch the new clipboard off for frames. @param {string} html @param {string} text */
function copied(html, text) {
  let done = false;
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.clipboardData?.setData("text/html", html);
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    done = true;
  };
  document.addEventListener("copy", put, { once: true });
  document.execCommand("copy");
  document.removeEventListener("copy", put);
  return done;
}

async function open() {
  const one = hit();
  if (one === undefined) return;
  await attempt(() => ask("open", { slug: one.slug, found: found(one) }));
  close();
}

async function askForIt() {
  await attempt(async () => {
    const { says } = await ask("ask", { question: field.value.trim(), deal: now.deal, search_id: now.answer.search_id });
    tell(says);
  });
}

/** @param {() => Promise<any>} act */
async function attempt(act) {
  try {
    await act();
  } catch (trouble) {
    tell(/** @type {Error} */ (trouble).message);
  }
}

const close = () => now.port.postMessage({ do: "close" });

// --- keys and clicks ------------------------------------------------------------------------------------------------
/** @param {KeyboardEvent} event */
function keys(event) {
  if (event.isComposing) return;
  const inField = event.target === field;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.repeat && event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if (event.key === "Escape") onRelease(event.key, close);
  else if (step !== undefined && inField) {
    now.moved = true;
    stand(now.here + step);
  } else if (event.key === "Enter" && inField) {
    if (event.shiftKey) copyIt();
    else onRelease(event.key, event.ctrlKey || event.metaKey ? open : insert);
  } else return;
  event.preventDefault();
}

/** When the key is let go, for what gives the focus back to the page: it would hear the key come up, and some send a
 *  message at that. @param {string} key @param {() => any} act */
function onRelease(key, act) {
  const late = setTimeout(done, 400);
  function done() {
    clearTimeout(late);
    document.removeEventListener("keyup", released);
    setTimeout(act, 40); // the frame must outlive the event: one that vanishes in it leaves whoever sent the key waiting
  }
  /** @param {KeyboardEvent} event */
  function released(event) {
    if (event.key === key) done();
  }
  document.addEventListener("keyup", released);
}

/** A press on the list leaves the caret in the question. @param {MouseEvent} event */
function keepFocus(event) {
  event.preventDefault();
}

/** A click does something only while nothing of the page covers this window. @param {() => any} act */
function clicked(act) {
  return (/** @type {MouseEvent} */ event) => {
    const byKey = event.detail === 0;
    if (!event.isTrusted) return;
    if (byKey || now.seen) act();
    else tell("Something on this page covers this window. Use the keys instead.");
  };
}

/** The browser says whether all of this is to be seen as it was drawn. */
function watchForCovers() {
  const options = /** @type {any} */ ({ trackVisibility: true, delay: 100, threshold: [0, 0.5, 1] });
  new IntersectionObserver((entries) => { now.seen = /** @type {any} */ (entries.at(-1)).isVisible === true; }, options).observe(at("all"));
}
