/** Words as they are compared: in small letters, without accents; and how far two of them are from each other. */

const NOT_WORDS = /[^\p{L}\p{N}]+/gu;
const ACCENTS = /\p{M}+/gu;
const PLAIN = /^[\u0000-\u007f]*$/;
const ENDINGS = ["ings", "ing", "ies", "es", "ed", "s"];

/** `Größe, too!` → ` grosse too `: one space around each word, so that a word can be looked for by its borders.
 *  @param {string} text @returns {string} */
export function folded(text) {
  const small = PLAIN.test(text) ? text.toLowerCase() : text.normalize("NFKD").replace(ACCENTS, "").toLowerCase().replaceAll("ß", "ss");
  return ` ${small.replace(NOT_WORDS, " ").trim()} `;
}

/** @param {string} text @returns {string[]} */
export function wordsOf(text) {
  const all = folded(text).trim();
  return all === "" ? [] : all.split(" ");
}

/** What a word begins with in its other forms: `costs` → `cost`. The word itself when it has none.
 *  @param {string} word @returns {string} */
export function stemOf(word) {
  for (const ending of ENDINGS) {
    if (word.length - ending.length >= 3 && word.endsWith(ending) && !word.endsWith("ss")) {
      return word.slice(0, -ending.length);
    }
  }
  return word;
}

/** How many typing mistakes apart (a letter more, less, another, or two swapped), or `most + 1` when it is more.
 *  @param {string} one @param {string} other @param {number} most @returns {number} */
export function distance(one, other, most) {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let before = /** @type {number[]} */ ([]);
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const now = [row];
    let least = row;
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      let cost = Math.min(last[column] + 1, now[column - 1] + 1, last[column - 1] + same);
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2] + 1);
      now.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    before = last;
    last = now;
  }
  return last[other.length];
}

/** How many mistakes a word of this length may have. @param {string} word @returns {number} */
export function allowedMistakes(word) {
  if (word.length < 4 || /\d/.test(word)) return 0;
  return word.length < 8 ? 1 : 2;
}
