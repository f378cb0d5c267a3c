/** A typed question taken apart, as the hub does it: free words, "phrases", -exclusions, field:value. */

import { FILTERS } from "../messages.js";
import { folded, wordsOf } from "./words.js";

const PIECE = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi;

/**
 * @typedef {{words: string[], phrases: string[], without: string[], filters: Record<string, string[]>}} Question
 * `phrases` and `without` are folded, with a space on each side
 */

/** @param {string} typed @returns {Question} */
export function questionOf(typed) {
  /** @type {Question} */
  const question = { words: [], phrases: [], without: [], filters: {} };
  for (const [whole, minus, field, quoted, plain] of typed.matchAll(PIECE)) {
    const name = field?.toLowerCase();
    const value = quoted ?? plain ?? "";
    if (name !== undefined && FILTERS.includes(name) && value !== "" && minus === "") {
      (question.filters[name] ??= []).push(value.toLowerCase());
      continue;
    }
    const said = name === undefined ? value : whole.slice(minus.length);
    if (folded(said).trim() === "") continue;
    if (minus !== "") question.without.push(folded(said));
    else if (quoted !== undefined && name === undefined) question.phrases.push(folded(said));
    else question.words.push(...wordsOf(said));
  }
  question.words = question.words.slice(0, 20);
  return question;
}
