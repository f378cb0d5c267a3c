/** How surfaces call things, as the hub's pages do. */

/** @type {Record<string, string>} */
const KINDS = { email_template: "E-mail", one_pager: "One-pager", faq: "FAQ" };
/** Verdict → its icon and its words. @type {Record<string, [string, string]>} */
export const VERDICTS = {
  proven: ["proven", "Proven to help"],
  promising: ["promising", "Promising"],
  no_evidence: ["no-evidence", "No evidence yet"],
  watch: ["watch", "Watch"],
  goes_with_losing: ["losing", "Goes with losing"],
  too_early: ["too-early", "Too early"],
};
/** @type {Record<string, string>} */
export const FACETS = { kind: "Kind", persona: "Persona", stage: "Stage", product: "Product", competitor: "Competitor", industry: "Industry", audience: "Audience", language: "Language" };
/** @type {Record<string, string>} */
export const VOCABULARIES = { persona: "personas", stage: "stages", product: "products", competitor: "competitors", industry: "industries", language: "languages" };
/** @type {Record<string, string>} */
export const ACTIONS = {
  viewed: "Looked at", copied: "Copied", inserted: "Inserted", shared: "Shared", sent: "Sent", presented: "Presented", spoken: "Said on a call",
};
/** @type {Record<string, string>} */
const AUDIENCES = { internal: "Internal", shareable: "May be shared" };
/** @type {Record<string, string>} */
const BECAUSE = {
  offline: "There is no network.",
  slow: "The hub takes its time.",
  unreachable: "The hub cannot be reached.",
  busy: "The hub is busy.",
  "": "",
};

/** @param {string} kind */
export function kindName(kind) {
  const words = kind.replaceAll("_", " ");
  return KINDS[kind] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} audience */
export const audienceName = (audience) => AUDIENCES[audience] ?? audience;

/** What a value of a filter is called. @param {string} facet @param {string} value @param {Map<string, string>} labels */
export function valueName(facet, value, labels) {
  if (facet === "kind") return kindName(value);
  if (facet === "audience") return audienceName(value);
  return labels.get(`${VOCABULARIES[facet]}:${value}`) ?? value;
}

/** @param {string} day @param {string} [locale] */
export function dayName(day, locale) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

/** @param {string} moment @param {Date} now @returns {string} */
export function ago(moment, now) {
  const seconds = Math.max(0, (now.getTime() - Date.parse(moment)) / 1000);
  /** @type {[number, string][]} */
  const units = [[60, "minute"], [3_600, "hour"], [86_400, "day"], [2_592_000, "month"]];
  const found = units.filter(([length]) => seconds >= length).at(-1);
  return found === undefined ? "just now" : `${counted(Math.floor(seconds / found[0]), found[1])} ago`;
}

/** @param {number} count @param {string} one @returns {string} */
export function counted(count, one) {
  return `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
}

/** @param {number} points */
export function signed(points) {
  return `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1).replace(/\.0$/, "")}`;
}

/** What is known of an asset's help, in words. @param {import("../messages.js").Evidence} evidence */
export function evidenceWords(evidence) {
  const words = VERDICTS[evidence.verdict]?.[1] ?? evidence.verdict;
  if (evidence.verdict === "too_early" || evidence.lift === null || evidence.low === null || evidence.high === null) {
    return `${words}: ${counted(evidence.deals, "deal")} so far`;
  }
  return `${words}: ${signed(evidence.lift)} points of win rate, likely between ${signed(evidence.low)} and ${signed(evidence.high)}, ${counted(evidence.deals, "deal")}`;
}

/** Where an answer comes from, when it is not from the hub now. @param {import("../messages.js").Answer} answer @param {Date} now */
export function sourceWords(answer, now) {
  if (answer.from === "hub") return "";
  const because = BECAUSE[answer.because] ?? "";
  if (answer.copy_made_at === null) return `${because} There is no copy of the library in this browser yet.`.trim();
  return `${because} From this browser's copy, made ${ago(answer.copy_made_at, now)}.`.trim();
}
