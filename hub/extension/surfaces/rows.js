/** The rows of the two lists: what was found, and what was used last. */

import { icon, make, marking } from "./elements.js";
import { ACTIONS, VERDICTS, ago, audienceName, dayName, evidenceWords, kindName, signed } from "./wording.js";

/**
 * One hit, and what can be done with it; only the one that is `here` shows that.
 * @param {import("../messages.js").Hit} hit
 * @param {{index: number, here: boolean, writes: boolean, asked: boolean, take: (hit: any) => void, insert: (hit: any) => void,
 *   copy: (hit: any, rich: boolean) => void, record: (hit: any, action: string) => void, open: (hit: any) => void,
 *   stand: (index: number) => void, choose: (index: number) => void}} how `writes`: somebody is writing in the page
 */
export function hitRow(hit, how) {
  const { index, here } = how;
  const name = make("button", { type: "button", class: "take", click: () => how.take(hit), focus: () => how.stand(index) }, ...marking(hit.title_parts));
  const row = make("li", { class: here ? "hit here" : "hit", "data-asset": hit.slug },
    make("div", { class: "name" }, make("h2", {}, name),
      make("button", { type: "button", class: "more", "aria-label": `What to do with ${hit.title}`, "aria-expanded": String(here), click: () => how.choose(index) }, icon("down"))),
    make("p", { class: "meta" }, make("span", {}, kindName(hit.kind)), verdict(hit.evidence), hit.audience === "internal" ? make("span", {}, audienceName(hit.audience)) : "", freshness(hit)),
    hit.snippet.length > 0 ? make("p", { class: "snip" }, ...marking(hit.snippet)) : "",
    hit.why.length > 0 && how.asked ? make("p", { class: "why" }, sentence(hit.why)) : "",
    deeds(hit, how),
  );
  return row;
}

/** @param {string[]} why */
function sentence(why) {
  const text = why.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** @param {import("../messages.js").Evidence|null} evidence */
function verdict(evidence) {
  if (evidence === null || VERDICTS[evidence.verdict] === undefined) return "";
  const [symbol, words] = VERDICTS[evidence.verdict];
  const unsure = ["too_early", "no_evidence"].includes(evidence.verdict);
  const lift = unsure || evidence.lift === null ? "" : ` ${signed(evidence.lift)}`;
  return make("span", { class: `verdict ${evidence.verdict}`, title: evidenceWords(evidence) }, icon(symbol), words, make("span", { "aria-hidden": "true" }, lift), make("span", { class: "quietly" }, `, ${evidenceWords(evidence)}`));
}

/** @param {import("../messages.js").Hit} hit */
function freshness(hit) {
  if (hit.fresh !== false || hit.review_by === null) return "";
  return make("span", { class: "overdue" }, `Review overdue since ${dayName(hit.review_by)}`);
}

/** @param {import("../messages.js").Hit} hit @param {Parameters<typeof hitRow>[1]} how */
function deeds(hit, { writes, insert, copy, record, open }) {
  return make("div", { class: "acts" },
    writes ? make("button", { class: "btn main", type: "button", click: () => insert(hit) }, icon("write"), "Insert", make("kbd", { "aria-hidden": "true" }, "↵")) : "",
    make("button", { class: writes ? "btn" : "btn main", type: "button", click: () => copy(hit, true) }, icon("copy"), "Copy", make("kbd", { "aria-hidden": "true" }, "c")),
    make("button", { class: "btn", type: "button", click: () => copy(hit, false) }, "Plain", make("span", { class: "quietly" }, " text, copied")),
    make("button", { class: "btn", type: "button", click: () => record(hit, "spoken") }, icon("check"), "Said it on the call"),
    hit.audience === "shareable" ? make("button", { class: "btn", type: "button", click: () => record(hit, "shared") }, icon("send"), "Shared it") : "",
    make("button", { class: "btn quiet", type: "button", click: () => open(hit) }, icon("external"), "Open", writes ? "" : make("kbd", { "aria-hidden": "true" }, "↵")),
  );
}

/**
 * One of the last uses, with what can be put right.
 * @param {import("../messages.js").LastUse} use
 * @param {{deal: any, nameDeal: (deal: any) => void, drop: () => void, takeBack: () => void}} how `deal`: the one at hand
 */
export function useRow(use, how) {
  const { deal: at } = how;
  const undone = use.state === "taken-back";
  const deal = use.deal === null ? "no deal" : `on ${/** @type {any} */ (use.deal).name || use.deal.external_id}`;
  const chip = use.state === "rejected" ? make("span", { class: "chip warn" }, icon("warning"), "Refused") : use.says !== "" ? make("span", { class: "chip" }, icon("clock"), "Waiting") : "";
  const named = at === null || undone || use.state === "rejected" || (use.deal !== null && use.deal.external_id === at.external_id && use.deal.source === at.source) ? "" : make("button", { class: "btn", type: "button", click: () => how.nameDeal({ source: at.source, external_id: at.external_id }) }, `On ${at.name || at.external_id}`);
  return make("li", { class: undone ? "undone" : "", "data-use": use.id },
    make("h3", {}, use.title),
    make("p", { class: "meta" }, make("span", {}, ACTIONS[use.action] ?? use.action), make("span", { title: new Date(use.occurred_at).toLocaleString() }, ago(use.occurred_at, new Date())), make("span", {}, undone ? "taken back" : deal)),
    use.says !== "" && use.state === "rejected" ? make("p", { class: "small overdue" }, use.says) : "",
    make("div", { class: "row" }, chip, named,
      use.deal !== null && !undone && use.state !== "rejected" ? make("button", { class: "btn quiet", type: "button", click: () => how.nameDeal(null) }, "On no deal") : "",
      undone ? "" : use.state === "rejected" ? make("button", { class: "btn quiet", type: "button", click: how.drop }, "Drop it") : make("button", { class: "btn quiet", type: "button", click: how.takeBack }, icon("repeat"), "Take back")));
}
