/**
 * Asking while somebody types: the last question wins, whatever order the answers come in. When the copy answered because
 * the hub took its time, the hub's answer follows and takes its place, if the same is still asked and nobody has moved
 * into the list meanwhile.
 */

const PAUSE = 120; // milliseconds without a key

/**
 * @param {{ask: (asked: any) => Promise<import("../messages.js").Answer>,
 *   show: (answer: import("../messages.js").Answer) => void, fail: (trouble: any) => void, busy: (is: boolean) => void,
 *   moved: () => boolean, later?: (act: () => void, milliseconds: number) => any, drop?: (timer: any) => void}} ports
 */
export function makeTyping({ ask, show, fail, busy, moved, later = setTimeout, drop = clearTimeout }) {
  let newest = 0;
  /** @type {any} */
  let timer;

  /** @param {any} asked @param {number} mine */
  async function run(asked, mine) {
    try {
      const answer = await ask({ ...asked, patience: "short" });
      if (mine !== newest) return;
      show(answer);
      if (answer.from === "hub" || answer.because !== "slow") {
        busy(false);
        return;
      }
      const fuller = await ask({ ...asked, patience: "long" });
      if (mine !== newest) return;
      if (fuller.from === "hub" && !moved()) show(fuller);
      busy(false);
    } catch (trouble) {
      if (mine !== newest) return;
      busy(false);
      fail(trouble);
    }
  }

  return {
    /** @param {any} asked @param {boolean} [atOnce] */
    ask(asked, atOnce = false) {
      newest += 1;
      const mine = newest;
      drop(timer);
      busy(true);
      if (atOnce) run(asked, mine);
      else timer = later(() => run(asked, mine), PAUSE);
    },
  };
}
