/** The service worker: what may happen, and who does something about it. All listeners stand here, at the top level, so
 *  that each of them wakes a worker that was stopped. */

import { makeBrowser } from "./browser.js";
import { makeConnection } from "./connection.js";
import { makeCopy } from "./library/copy.js";
import { makeVault } from "./library/vault.js";
import { makeLookup } from "./lookup.js";
import { leadsTo, suggestions } from "./omnibox.js";
import { SCRIPTS } from "./page/scripts.js";
import { makeQueue } from "./uses/queue.js";
import { makeWorker } from "./worker.js";

const browser = makeBrowser(chrome);
const now = () => new Date();
const uuid = () => crypto.randomUUID();
const online = () => navigator.onLine;
const connection = makeConnection({ browser });
const copy = makeCopy({ vault: makeVault(), now });
const queue = makeQueue({ store: browser.local, now, uuid });
const finding = makeLookup({ hub: connection.hub, copy, online, seen: (trouble) => worker.seen(trouble) });
/** @type {ReturnType<typeof makeWorker>} */
const worker = makeWorker({ browser, connection, copy, queue, finding, online, now, uuid, scripts: SCRIPTS });
const SELECTION = "look-up-selection";

// Signing out that was interrupted is finished by whatever wakes the worker next.
browser.local.get("ending").then((ending) => (ending ? worker.start() : undefined));

browser.onMessage((message, sender) => (message?.type === "changed" ? undefined : worker.answer(message, sender)));
browser.onTabLoaded((tab) => worker.tabLoaded(tab));
browser.onTabLeft((tab) => worker.tabLeft(tab));
browser.onTabGone((tab) => worker.tabGone(tab));
browser.onWake((name) => worker.wake(name));
browser.onStartup(() => worker.start());
browser.onAllowedChanged(() => worker.start());
browser.onInstalled(async (reason) => {
  browser.menuForSelection(SELECTION, "Look up “%s” in the hub");
  await worker.start();
  if (reason === "install") browser.openOptions();
  else await worker.wake("refresh"); // a newer one may be understood again
});
globalThis.addEventListener("online", () => worker.wake("online"));

browser.onMenu(async (text, tab, windowId) => {
  const opened = browser.openPanel(windowId); // first: it must happen in the click
  await browser.session.set("asked", { question: text, tab, at: Date.now() });
  await opened;
});
browser.onCommand(async (command, tab) => {
  if (tab === null) return;
  if (command === "open-panel") await browser.openPanel(tab.windowId);
  // Where no script may run, the popup is the look-up.
  if (command === "open-overlay" && !(await worker.openOverlay(tab.id))) await browser.openPopup();
});

browser.omnibox.first("Look up <match>%s</match> in the hub");
browser.omnibox.onTyped(async (typed) => {
  const { address } = await worker.connected();
  return suggestions(/** @type {any} */ (await worker.lookup({ question: typed, limit: 6 }, {})), address);
});
browser.omnibox.onChosen(async (chosen, where) => {
  const address = (await connection.current())?.address ?? "";
  const url = leadsTo(chosen, address, browser.self.root);
  const front = where === "currentTab" ? await browser.tabInFront() : null;
  if (front === null) await browser.openTab(url);
  else await browser.goTo(front.id, url);
});
