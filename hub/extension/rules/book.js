/**
 * The rules by which pages are known, read from the files beside this one; an admin's own come after them.
 *
 * `outward.json` lists the sites on which what is written goes to people outside: internal assets are not inserted there.
 *
 * @typedef {import("../page/recognise.js").Rule} Rule
 */
import "../page/recognise.js";

const { readRules, isHost } = globalThis[Symbol.for("hub.page")].recognise;

const FILES = ["rules/hubspot.json", "rules/salesforce.json", "rules/pipedrive.json"];
const OUTWARD = "rules/outward.json";

/**
 * @param {(path: string) => Promise<unknown>} readJson a file of the extension, by its path from the extension's root
 * @param {unknown} [own] rules that the hub's admin added
 * @returns {Promise<{rules: Rule[], outward: string[], faults: string[]}>} `faults` name what of `own` was left out, and why
 */
export async function loadRules(readJson, own = []) {
  const files = await Promise.all(FILES.map(readJson));
  const read = [...files.map((file, index) => readRules(file, FILES[index])), readRules(own, "rules")];
  const outward = await readJson(OUTWARD);
  return {
    rules: read.flatMap(({ rules }) => rules),
    outward: Array.isArray(outward) ? outward.filter(isHost) : [],
    faults: read.flatMap(({ faults }) => faults),
  };
}
