/** The look-up, in the popup, in the side panel and in a tab of its own: what is asked, what was found, what is done. */

import { makeBrowser } from "../browser.js";
import { ask as askWorker } from "../messages.js";
import { at, fill, icon, make, say } from "./elements.js";
import { hitRow, useRow } from "./rows.js";
import { makeTyping } from "./typing.js";
import { FACETS, counted, signed, sourceWords, valueName } from "./wording.js";

const browser = makeBrowser(chrome);
const place = document.body.className; // popup or panel
const given = new URLSearchParams(location.search);
const FIRST = 10;
const LATELY = 60_000;

/** @type {any} What is shown now; all of it can be asked again. */
const now = {
  tab: null, answer: null, filters: {}, deal: null, editable: false, allowed: false, site: "", siteAllowed: true, terms: [], labels: new Map(),
  state: null, view: "find", here: 0, limit: FIRST, moved: false,
};

/** @param {string} type @param {object} [fields] @returns {Promise<any>} */
const ask = (type, fields) => askWorker(browser.send, type, fields);
const typing = makeTyping({
  ask: (asked) => ask("lookup", asked),
  show: showAnswer,
  fail: (trouble) => {
    fill("told", trouble.message);
    showState();
  },
  busy: (is) => at("middle").setAttribute("aria-busy", String(is)),
  moved: () => now.moved,
});
const field = /** @type {HTMLInputElement} */ (
  make("input", {
    type: "search", id: "question", name: "q", placeholder: "What the buyer said", autocomplete: "off",
    spellcheck: "false", "aria-label": "Look up", maxlength: 400,
  })
);

// --- beginning -----------------------------------------------------------------------------------------------------
async function begin() {
  at("ask").append(icon("search"), field, filterButton());
  at("ask").addEventListener("submit", (event) => { event.preventDefault(); lookUp(true); });
  field.addEventListener("input", () => lookUp(false));
  field.value = given.get("q") ?? "";
  field.focus();
  document.addEventListener("keydown", keys);
  browser.local.onChanged(standAnew);
  browser.onTold(standAnew);
  browser.session.onChanged((changed) => {
    if (changed.includes("asked")) takeAsked();
    else if (changed.includes(`focus:${now.tab}`)) showContext();
    else if (changed.some((key) => ["network", "connecting"].includes(key))) standAnew();
  });
  if (place === "panel") browser.onFrontChanged(frontChanged);
  await findTab();
  await showState();
  if (!ready()) return;
  ask("vocabulary").then(({ words }) => {
    for (const word of words ?? []) now.labels.set(`${word.vocabulary}:${word.key}`, word.words[0]);
    if (now.answer !== null) showFacets();
  }, () => {});
  lookUp(true);
  await Promise.all([showContext(), takeAsked()]);
}

/** The tab that is worked in: the one in front, or the one this surface was opened for. */
async function findTab() {
  const wanted = Number(given.get("tab"));
  const front = wanted > 0 ? { id: wanted } : await browser.tabInFront();
  const own = front !== null && "url" in front && front.url.startsWith(browser.self.root);
  now.tab = front === null || own ? null : front.id;
}

/** A selection that was looked up from the menu opens the panel; its question is for the panel alone. */
async function takeAsked() {
  const asked = place === "panel" ? await browser.session.get("asked") : undefined;
  if (asked === undefined || Date.now() - asked.at > LATELY) return;
  await browser.session.remove("asked");
  field.value = asked.question;
  lookUp(true);
}

async function frontChanged() {
  await findTab();
  await showContext();
}

const ready = () => now.state?.connection === "connected";
/** @type {any} */
let standing;
function standAnew() {
  clearTimeout(standing);
  standing = setTimeout(async () => {
    const was = now.state?.connection;
    await showState();
    if (now.view === "uses") await showUses();
    if (ready() && was !== "connected") lookUp(true);
  }, 50);
}

// --- asking ---------------------------------------------------------------------------------------------------------
/** @param {boolean} atOnce */
function lookUp(atOnce) {
  if (!ready()) return;
  now.limit = FIRST;
  again(atOnce);
}

/** @param {boolean} atOnce */
function again(atOnce) {
  now.moved = false;
  if (now.view !== "find") show("find");
  const deal = now.deal === null ? null : { source: now.deal.source, external_id: now.deal.external_id };
  typing.ask({ question: field.value.trim(), filters: now.filters, deal, limit: now.limit }, atOnce);
}

/** @param {import("../messages.js").Answer} answer */
function showAnswer(answer) {
  const more = now.answer !== null && now.answer.question === answer.question && answer.hits.length > FIRST;
  now.answer = answer;
  if (!more) now.here = 0;
  showTold();
  showFacets();
  showHits();
}

function showTold() {
  const { answer } = now;
  const asked = answer.question !== "" || Object.keys(now.filters).length > 0;
  const first = now.deal === null ? "What helps most comes first." : `What fits ${now.deal.name || "the deal"} comes first.`;
  const count = asked ? `${counted(answer.total, "asset")} found.` : answer.total > 0 ? first : "";
  const poor = answer.match === "poor" ? "No text has all of these words; the nearest come first." : "";
  const about = answer.from === "hub" ? "" : make("span", { class: "chip warn" }, icon("offline"), sourceWords(answer, new Date()));
  const spelt = answer.suggestion ? make("span", {}, "Showing what fits ", make("button", { type: "button", click: () => { field.value = answer.suggestion; lookUp(true); } }, answer.suggestion), ".") : "";
  fill("told", ...[about, count, spelt, poor].filter((one) => one !== ""));
}

// --- hits -----------------------------------------------------------------------------------------------------------
function showHits() {
  const { answer } = now;
  if (answer.hits.length === 0) return showNothing();
  const more = answer.total > answer.hits.length && now.limit < 50;
  fill(
    "found",
    make("ol", { class: "hits" }, ...answer.hits.map((/** @type {any} */ hit, /** @type {number} */ index) => hitRow(hit, { index, here: index === now.here, writes: now.editable, asked: answer.question !== "", ...DEEDS }))),
    make("div", { class: "row apart" },
      more ? make("button", { class: "btn quiet", type: "button", click: () => { now.limit = 50; again(true); } }, icon("down"), "More") : "",
      answer.question === "" ? "" : make("button", { class: "btn quiet", type: "button", id: "ask-for-it", click: askForIt }, icon("plus"), "Nothing fits? Ask for it")),
  );
}

/** Only the one that is here shows what can be done with it. @param {number} index */
function stand(index) {
  now.here = index;
  for (const [place, row] of rows().entries()) {
    row.classList.toggle("here", place === index);
    row.querySelector(".more")?.setAttribute("aria-expanded", String(place === index));
  }
}

const rows = () => [...document.querySelectorAll(".hit")];

function showNothing() {
  const { answer } = now;
  const filtered = Object.keys(now.filters).length > 0;
  if (answer.from === "copy" && answer.copy_made_at === null) return fill("found");
  if (answer.question === "" && !filtered) {
    return fill("found", make("div", { class: "empty" }, icon("library"), make("h2", {}, "Nothing is live yet"), make("p", {}, "A text can be found when marketing and sales have both approved it.")));
  }
  fill("found", make("div", { class: "empty" }, icon("search"), make("h2", {}, "Nothing fits that"), make("p", {}, "Say it in fewer or in other words, or ask for it: what is missing gets written."),
    make("div", { class: "row" },
      filtered ? make("button", { class: "btn", type: "button", click: clearFilters }, "Without filters") : "",
      answer.question === "" ? "" : make("button", { class: "btn main", type: "button", id: "ask-for-it", click: askForIt }, icon("plus"), "Ask for it"))));
}

// --- deeds ----------------------------------------------------------------------------------------------------------
/** @param {import("../messages.js").Hit} hit */
function foundIn(hit) {
  return now.answer?.search_id ? { search_id: now.answer.search_id, position: hit.position } : null;
}

const dealRef = () => (now.deal === null ? null : { source: now.deal.source, external_id: now.deal.external_id });

/** @param {import("../messages.js").Hit} hit */
const mainDeed = (hit) => (now.editable ? insert(hit) : open(hit));

/** @param {import("../messages.js").Hit} hit */
async function insert(hit) {
  if (now.tab === null || !now.editable) return say("Put the cursor into a field of the page first.", { bad: true });
  await attempt(async () => {
    const done = await ask("insert", { tab: now.tab, slug: hit.slug, deal: dealRef(), found: foundIn(hit) });
    if (!done.inserted) return say(done.says, { bad: true });
    say(done.says || `Inserted${onDeal()}.`, { undo: () => takeBack(done.id) });
  });
}

/** @param {import("../messages.js").Hit} hit @param {boolean} rich */
async function copyIt(hit, rich) {
  await attempt(async () => {
    const text = ask("content", { slug: hit.slug });
    const blob = (/** @type {string} */ type, /** @type {"html"|"text"} */ part) => [type, text.then((one) => new Blob([one[part]], { type }))];
    const forms = rich ? [blob("text/html", "html"), blob("text/plain", "text")] : [blob("text/plain", "text")];
    text.catch(() => {}); // the clipboard says that it failed, in words for nobody
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(forms))]).catch(async () => { throw new Error((await text.then(() => "The browser does not let it copy.", (trouble) => trouble.message))); });
    const { version } = await text;
    await record(hit, "copied", version, rich ? "Copied" : "Copied as plain text");
  });
}

/** @param {import("../messages.js").Hit} hit @param {string} action @param {number|null} [version] @param {string} [words] */
async function record(hit, action, version = hit.version, words = "Noted") {
  await attempt(async () => {
    const channel = action === "spoken" ? "call" : "extension";
    const { id } = await ask("record-use", { slug: hit.slug, version, action, channel, deal: dealRef(), found: foundIn(hit) });
    say(`${words}${onDeal()}.`, { undo: () => takeBack(id) });
  });
}

const onDeal = () => (now.deal === null ? "" : `, on ${now.deal.name || now.deal.external_id}`);

/** @param {string} id */
async function takeBack(id) {
  await attempt(async () => {
    await ask("take-back", { id });
    say("Taken back.");
    if (now.view === "uses") await showUses();
  });
}

/** @param {import("../messages.js").Hit} hit */
async function open(hit) {
  await attempt(() => ask("open", { slug: hit.slug, found: foundIn(hit) }));
}

async function askForIt() {
  await attempt(async () => {
    const done = await ask("ask", { question: field.value.trim() || now.answer.question, deal: dealRef(), search_id: now.answer?.search_id ?? null });
    say(done.says);
    at("ask-for-it")?.setAttribute("disabled", "");
  });
}

/** @param {() => Promise<unknown>} act */
async function attempt(act) {
  try {
    await act();
  } catch (trouble) {
    say(/** @type {Error} */ (trouble).message, { bad: true });
    if (["expired", "not-connected", "signed-out"].includes(/** @type {any} */ (trouble).code)) await showState();
  }
}

// --- filters --------------------------------------------------------------------------------------------------------
function filterButton() {
  return make("button", {
    class: "btn quiet", type: "button", id: "filter", "aria-expanded": "false", "aria-controls": "facets",
    click: () => {
      const hidden = !at("facets").hidden;
      at("facets").hidden = hidden;
      at("filter").setAttribute("aria-expanded", String(!hidden));
    },
  }, icon("filter"), make("span", { class: "quietly" }, "Filters"), make("span", { id: "filters-on" }));
}

function showFacets() {
  const on = Object.values(now.filters).flat().length;
  fill("filters-on", on === 0 ? "" : String(on));
  const focus = document.activeElement?.id;
  const groups = Object.entries(FACETS).flatMap(([facet, legend]) => {
    const counts = now.answer?.facets[facet] ?? {};
    const chosen = now.filters[facet] ?? [];
    const values = [...new Set([...chosen, ...Object.keys(counts)])].sort((one, two) => (counts[two] ?? 0) - (counts[one] ?? 0)).slice(0, 6);
    if (values.length < 2 && chosen.length === 0) return [];
    return [make("fieldset", {}, make("legend", {}, legend), ...values.map((value) => choice(facet, value, chosen.includes(value), counts[value] ?? 0)))];
  });
  fill("facets", ...groups, on > 0 ? make("button", { class: "btn", type: "button", click: clearFilters }, "Clear all") : "");
  if (focus) document.getElementById(focus)?.focus();
}

/** @param {string} facet @param {string} value @param {boolean} on @param {number} count */
function choice(facet, value, on, count) {
  const box = make("input", { type: "checkbox", id: `f-${facet}-${value}`, checked: on, change: () => toggle(facet, value) });
  return make("label", {}, box, valueName(facet, value, now.labels), make("span", {}, String(count)));
}

/** @param {string} facet @param {string} value */
function toggle(facet, value) {
  const had = now.filters[facet] ?? [];
  const values = had.includes(value) ? had.filter((/** @type {string} */ one) => one !== value) : [...had, value];
  const { [facet]: _, ...others } = now.filters;
  now.filters = values.length > 0 ? { ...others, [facet]: values } : others;
  lookUp(true);
}

function clearFilters() {
  now.filters = {};
  lookUp(true);
}

// --- the deal -------------------------------------------------------------------------------------------------------
async function showContext() {
  if (!ready()) return;
  const none = { allowed: false, site: "", deal: null, terms: [], editable: false, selection: "" };
  const context = now.tab === null ? none : await ask("context", { tab: now.tab }).catch(() => none);
  const before = JSON.stringify([now.deal, now.editable]);
  now.site = context.site;
  now.siteAllowed = context.site === "" || (await browser.allowed(`${context.site}/*`));
  showBottom();
  Object.assign(now, { deal: context.deal, editable: context.editable, allowed: context.allowed, terms: context.terms });
  showDeal();
  if (context.selection !== "" && field.value === "") showSelection(context.selection);
  if (before === JSON.stringify([now.deal, now.editable])) return;
  if (now.deal !== null) again(true);
  else if (now.answer !== null && !now.moved) showHits();
}

function showDeal() {
  const { deal } = now;
  const words = deal === null
    ? make("span", {}, icon("deals"), "No deal: uses are kept without one")
    : make("span", {}, icon("deals"), make("b", {}, deal.name || deal.external_id), make("small", {}, deal.known ? [deal.account, deal.stage].filter(Boolean).join(" · ") : "not in the hub yet"));
  const change = make("button", { class: "btn quiet", type: "button", id: "change-deal", "aria-expanded": "false", "aria-controls": "choose", click: toggleChoose }, deal === null ? "Choose" : "Change");
  fill("deal", words, change);
}

function toggleChoose() {
  const hidden = !at("choose").hidden;
  at("choose").hidden = hidden;
  at("change-deal").setAttribute("aria-expanded", String(!hidden));
  if (hidden) return;
  const words = /** @type {HTMLInputElement} */ (make("input", { class: "input", type: "search", id: "deal-words", "aria-label": "A deal's name or account", placeholder: "A deal's name or account", autocomplete: "off", input: () => findDeals(words.value) }));
  fill("choose", words, make("ul", { id: "deals" }), now.deal === null ? "" : make("button", { class: "btn quiet", type: "button", click: () => chooseDeal(null) }, icon("close"), "No deal"));
  words.focus();
  findDeals("");
}

let finding = 0;
/** @param {string} words */
async function findDeals(words) {
  finding += 1;
  const mine = finding;
  try {
    const deals = await ask("deals", { words: words.slice(0, 200) });
    if (mine !== finding) return;
    fill("deals", ...deals.map((/** @type {any} */ deal) => make("li", {}, make("button", { type: "button", click: () => chooseDeal(deal) }, deal.name, " ", make("small", {}, [deal.account, deal.stage].filter(Boolean).join(" · "))))));
    if (deals.length === 0) fill("deals", make("li", { class: "faint" }, words === "" ? "You own no open deal. Type a name." : "No open deal has that in its name."));
  } catch (trouble) {
    if (mine === finding) fill("deals", make("li", { class: "faint" }, /** @type {Error} */ (trouble).message));
  }
}

/** @param {any} deal */
async function chooseDeal(deal) {
  const ref = deal === null ? null : { source: deal.source, external_id: deal.external_id };
  if (now.tab !== null) await attempt(() => ask("choose-deal", { tab: now.tab, deal: ref, name: deal?.name ?? null }));
  now.deal = deal;
  toggleChoose();
  showDeal();
  at("change-deal").focus();
  again(true);
}

/** What is selected on the page is looked up when somebody says so, not before. @param {string} text */
function showSelection(text) {
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  at("told").prepend(make("button", { type: "button", id: "selected", click: () => { field.value = text; lookUp(true); field.focus(); } }, `Look up what you selected: “${short}”`));
}

// --- how it stands --------------------------------------------------------------------------------------------------
async function showState() {
  try {
    now.state = await ask("state");
  } catch (trouble) {
    fill("stands", make("div", { class: "notice bad", role: "alert" }, icon("warning"), make("div", {}, /** @type {Error} */ (trouble).message)));
    return;
  }
  const { connection, rejected } = now.state;
  const set = make("button", { class: "btn main", type: "button", click: () => browser.openOptions() }, connection === "connecting" ? "Go on" : connection === "too-old" ? "What to do" : "Connect");
  if (!ready()) {
    fill("stands", make("div", { class: "empty" }, icon(connection === "expired" ? "lock" : "brand"), make("h2", {}, TITLES[connection]), make("p", {}, now.state.says), set));
    fill("told");
    fill("found");
    fill("deal");
    now.answer = null;
  } else if (rejected > 0 && now.view === "find") {
    fill("stands", make("div", { class: "notice warn" }, icon("warning"), make("div", {}, `The hub refused ${counted(rejected, "use")}. `), make("button", { class: "btn", type: "button", click: () => show("uses") }, "Look")));
  } else fill("stands");
  field.disabled = !ready();
  if (ready() && at("deal").childElementCount === 0) showDeal();
  showBottom();
}

/** @type {Record<string, string>} */
const TITLES = { "not-connected": "Connect to your hub", connecting: "Nearly there", expired: "Connect again", "too-old": "This extension is too old" };

function showBottom() {
  const { waiting, rejected, network, hub } = now.state;
  const tabs = [["find", "Look up"], ["uses", "Last uses"]].map(([view, words]) => make("button", { class: "btn quiet", type: "button", "aria-pressed": String(now.view === view), disabled: !ready(), click: () => show(view) }, words, view === "uses" && waiting + rejected > 0 ? make("span", { class: "count", title: `${waiting} waiting, ${rejected} refused` }, String(waiting + rejected)) : ""));
  const away = network === "online" ? "" : make("span", { class: "chip warn", title: hub }, icon("offline"), network === "offline" ? "No network" : "Hub away");
  const panel = place === "popup" ? make("button", { class: "btn quiet push", type: "button", title: "Open beside the page", click: toPanel }, icon("library"), make("span", { class: "quietly" }, "Side panel")) : make("span", { class: "push" });
  fill("bottom", ...tabs, away, allowButton(), panel, make("button", { class: "btn quiet", type: "button", title: "Settings", click: () => browser.openOptions() }, icon("admin"), make("span", { class: "quietly" }, "Settings")));
}

/** On this site without being called each time: asked for here, in a click, for this one site. */
function allowButton() {
  if (place !== "popup" || now.site === "" || !ready() || now.siteAllowed) return "";
  return make("button", { class: "btn quiet", type: "button", click: async () => { if (await browser.askFor(`${now.site}/*`)) { await ask("sites-changed"); now.siteAllowed = true; showBottom(); } }, title: `Recognise deals and fields on ${now.site} without being called` }, icon("plus"), "Allow here");
}

async function toPanel() {
  const front = await browser.tabInFront();
  if (front !== null) await browser.openPanel(front.windowId).then(() => close(), () => say("This browser has no side panel.", { bad: true }));
}

/** @param {string} view */
function show(view) {
  now.view = view;
  if (view === "uses") {
    fill("stands");
    fill("told");
    showUses();
  } else if (now.answer !== null) {
    showState();
    showTold();
    showHits();
  }
  showBottom();
}

/** What a row of the list can be told to do. */
const choose = (/** @type {number} */ index) => { now.moved = true; stand(index); };
const DEEDS = { take: mainDeed, insert, copy: copyIt, record, open, stand, choose };

// --- the last uses --------------------------------------------------------------------------------------------------
async function showUses() {
  const uses = await ask("last-uses");
  if (now.view !== "uses") return;
  if (uses.length === 0) {
    return fill("found", make("div", { class: "empty" }, icon("history"), make("h2", {}, "Nothing used here yet"), make("p", {}, "What you insert, copy or say on a call is listed here, and can be put right.")));
  }
  fill("found", make("h2", { class: "quietly" }, "Last uses"), make("ul", { class: "uses" }, ...uses.map((/** @type {any} */ use) => useRow(use, { deal: now.deal, nameDeal: (deal) => nameDeal(use, deal), drop: () => drop(use.id), takeBack: () => takeBack(use.id) }))));
}

/** @param {string} id */
async function drop(id) {
  await attempt(async () => {
    await ask("drop-use", { id });
    await showUses();
  });
}

/** @param {import("../messages.js").LastUse} use @param {any} deal */
async function nameDeal(use, deal) {
  await attempt(async () => {
    await ask("name-deal", { id: use.id, deal });
    say(deal === null ? "Noted: on no deal." : `Noted${onDeal()}.`);
    await showUses();
  });
}

// --- keys -----------------------------------------------------------------------------------------------------------
/** @param {KeyboardEvent} event */
function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typed = event.target instanceof HTMLInputElement && event.target.type === "search";
  const hit = now.answer?.hits[now.here];
  if (event.key === "Escape" && (!at("choose").hidden || !at("facets").hidden)) {
    if (!at("choose").hidden) toggleChoose();
    if (!at("facets").hidden) at("filter").click();
    field.focus();
    event.preventDefault();
  } else if (now.view === "find" && (event.key === "ArrowDown" || event.key === "ArrowUp") && (event.target === field || !typed)) {
    move(event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "Enter" && event.target === field && hit && now.answer.question === field.value.trim()) {
    mainDeed(hit);
    event.preventDefault();
  } else if (event.key === "/" && !typed) {
    field.focus();
    event.preventDefault();
  } else if (!typed && hit && now.view === "find" && event.target instanceof HTMLElement && event.target.closest(".hit")) {
    /** @type {Record<string, () => void>} */
    const shortcuts = { c: () => copyIt(hit, true), s: () => record(hit, "spoken"), o: () => open(hit) };
    if (shortcuts[event.key]) {
      shortcuts[event.key]();
      event.preventDefault();
    }
  }
}

/** @param {number} step */
function move(step) {
  const all = rows();
  if (all.length === 0) return;
  now.moved = true;
  const inside = document.activeElement?.closest(".hit");
  const from = inside ? all.indexOf(inside) : -1;
  if (from + step < 0) field.focus();
  else /** @type {HTMLElement|null} */ (all[Math.min(all.length - 1, from + step)].querySelector(".take"))?.focus();
}

begin();
