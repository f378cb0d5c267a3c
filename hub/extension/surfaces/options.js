/** The connection: to which hub, as whom, what is kept here; which sites are allowed; and getting rid of it all. */

import { makeBrowser } from "../browser.js";
import { addressOf } from "../connection.js";
import { ask as askWorker } from "../messages.js";
import { at, fill, icon, make, say } from "./elements.js";
import { ago, counted } from "./wording.js";

const browser = makeBrowser(chrome);
/** @type {any} */
let state;
let typed = "";
let wrong = "";
let shown = "";
/** @type {any} */
let waiting;

/** @param {string} type @param {object} [fields] @returns {Promise<any>} */
const ask = (type, fields) => askWorker(browser.send, type, fields);

async function begin() {
  typed = (await browser.ownJson("hub.json"))?.address ?? "";
  await showAnew();
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(showAnew, 60);
  };
  browser.local.onChanged(soon);
  browser.session.onChanged(soon);
  browser.onAllowedChanged(soon);
  browser.onTold(soon);
}

async function showAnew() {
  state = await ask("state");
  const sites = (await browser.allowedSites()).filter((origin) => origin !== `${state.hub}/*`);
  // A page that says the same is left alone: somebody may be typing in it.
  const stands = JSON.stringify([state, sites, wrong]);
  if (stands === shown) return;
  shown = stands;
  const before = document.activeElement?.id;
  const parts = state.connection === "connected" || state.connection === "too-old" ? connected(sites) : state.connection === "connecting" ? connecting() : unconnected();
  fill("main", make("p", { class: "brand" }, icon("brand"), "Hub"), ...parts, privacy());
  if (before) document.getElementById(before)?.focus();
}

// --- not connected --------------------------------------------------------------------------------------------------
function unconnected() {
  const again = state.connection === "expired";
  const says = wrong || (again ? state.says : state.says === "Not connected to a hub yet." ? "" : state.says);
  const field = /** @type {HTMLInputElement} */ (make("input", { class: "input", id: "address", name: "address", type: "text", inputmode: "url", autocomplete: "url", spellcheck: "false", required: true, placeholder: "https://hub.example.com", value: typed || state.hub, "aria-invalid": wrong !== "" ? "true" : null, "aria-describedby": "address-hint", input: () => { typed = field.value; } }));
  return [
    make("div", { class: "stack close" }, make("h1", {}, again ? "Connect again" : "Connect to your hub"), make("p", { class: "muted" }, "Once for this browser. The hub opens, you allow it there, and nothing has to be copied.")),
    make("section", { class: "card stack" },
      says === "" ? "" : make("div", { class: wrong ? "notice bad" : "notice warn", role: "alert" }, icon("warning"), make("div", {}, says)),
      make("form", { class: "stack", novalidate: true, submit: (/** @type {Event} */ event) => { event.preventDefault(); connect(field.value); } },
        make("div", { class: "field" }, make("label", { for: "address" }, "The hub's address"), field, make("p", { class: "hint", id: "address-hint" }, "As it stands in the address bar when you use the hub. The browser asks whether the extension may talk to it, and to nothing else.")),
        make("button", { class: "btn main big", id: "connect" }, icon("link"), "Connect")),
      again ? make("button", { class: "btn quiet", type: "button", click: () => disconnect(true) }, "Forget this hub") : ""),
  ];
}

/** @param {string} given */
async function connect(given) {
  typed = given;
  wrong = "";
  try {
    const address = addressOf(given);
    // First of all: the browser shows its question only right after a click.
    if (!(await browser.askFor(`${address}/*`))) throw new Error("Without being allowed to talk to the hub there is nothing the extension can do. Press Connect to be asked again.");
    at("connect").setAttribute("disabled", "");
    shown = "";
    await ask("connect", { address: given });
  } catch (trouble) {
    wrong = /** @type {Error} */ (trouble).message;
  }
  await showAnew();
  if (wrong !== "") at("address")?.focus();
}

function connecting() {
  return [
    make("div", { class: "stack close" }, make("h1", {}, "Allow it in the hub"), make("p", { class: "muted" }, "A tab of ", make("b", {}, state.hub), " has opened. Sign in there if it asks, see that it shows this sign, and press Connect.")),
    make("section", { class: "card stack" }, make("div", { class: "sign-of" }, make("span", { class: "faint" }, "The hub shows the same sign"), make("b", { id: "sign", "aria-label": state.check.split("").join(" ") }, state.check)),
      make("button", { class: "btn", type: "button", click: async () => { await ask("stop-connecting"); await showAnew(); } }, "Never mind")),
  ];
}

// --- connected ------------------------------------------------------------------------------------------------------
/** @param {string[]} sites */
function connected(sites) {
  const { person, hub, copy, waiting: waits, network } = state;
  const about = copy === null ? "None yet." : `${counted(copy.assets, "asset")}, ${(copy.bytes / 1_000_000).toFixed(1)} MB packed, compared with the hub ${ago(copy.checked_at, new Date())}${copy.partly ? "; the longest texts have to be asked of the hub" : ""}`;
  return [
    make("div", { class: "stack close" }, make("h1", {}, "Connected"), make("p", { class: "muted" }, "Press ", make("kbd", {}, "Alt"), " ", make("kbd", {}, "Shift"), " ", make("kbd", {}, "H"), " anywhere, or type ", make("kbd", {}, "hub"), " and a space into the address bar.")),
    state.connection === "too-old" ? make("div", { class: "notice bad", role: "alert" }, icon("warning"), make("div", {}, state.says)) : "",
    network === "online" ? "" : make("div", { class: "notice warn" }, icon("offline"), make("div", {}, network === "offline" ? "There is no network now. You can look up in this browser's copy; what you record is sent later." : "The hub cannot be reached now. You can look up in this browser's copy; what you record is sent later.")),
    make("section", { class: "card stack" },
      make("dl", {}, make("dt", {}, "Hub"), make("dd", {}, make("a", { href: hub, target: "_blank", rel: "noreferrer" }, hub)), make("dt", {}, "You"), make("dd", {}, `${person.name}, ${person.team}`), make("dt", {}, "Copy"), make("dd", { id: "copy" }, about), make("dt", {}, "Not sent yet"), make("dd", {}, waits === 0 ? "Nothing" : counted(waits, "use"))),
      make("div", { class: "row" }, make("button", { class: "btn", type: "button", id: "refresh", click: refresh }, icon("repeat"), "Bring the copy up to date"),
        make("a", { class: "btn", href: `${hub}/extension`, target: "_blank", rel: "noreferrer" }, icon("system"), "Connected browsers"))),
    siteList(sites),
    make("section", { class: "card stack", id: "leaving" }, make("h2", {}, "Sign out"), make("p", { class: "muted small" }, "The hub forgets this browser, and this browser forgets the hub: the copy of the library, the last uses, and every site that you allowed."), make("div", { class: "row" }, make("button", { class: "btn danger", type: "button", id: "disconnect", click: () => disconnect(false) }, icon("sign-out"), "Sign out and erase"))),
  ];
}

async function refresh() {
  at("refresh").setAttribute("disabled", "");
  try {
    await ask("refresh");
    say("The copy is up to date.");
  } catch (trouble) {
    say(/** @type {Error} */ (trouble).message, { bad: true });
  }
  await showAnew();
}

/** @param {boolean} loseWaiting */
async function disconnect(loseWaiting) {
  try {
    await ask("disconnect", { lose_waiting: loseWaiting });
    say("Signed out. Nothing of the hub is left in this browser.");
    await showAnew();
  } catch (trouble) {
    if (/** @type {any} */ (trouble).code !== "waiting") return say(/** @type {Error} */ (trouble).message, { bad: true });
    at("leaving").append(make("div", { class: "notice bad", role: "alert" }, icon("warning"), make("div", {}, /** @type {Error} */ (trouble).message), make("button", { class: "btn danger", type: "button", id: "lose", click: () => disconnect(true) }, "Sign out and lose them")));
    at("lose").focus();
  }
}

/** @param {string[]} sites */
function siteList(sites) {
  const list = sites.map((origin) => make("li", {}, make("span", {}, origin.replace(/\/\*$/, "")), make("button", { class: "btn", type: "button", click: async () => { await browser.giveBack([origin]); await ask("sites-changed"); await showAnew(); } }, "Take away", make("span", { class: "quietly" }, ` ${origin}`))));
  return make("section", { class: "card stack" }, make("h2", {}, "Sites where it may look by itself"),
    sites.length === 0 ? make("p", { class: "muted small" }, "None. It looks at a page only when you call it there. To have deals and fields recognised without calling, press the Hub button on that site, then “Allow here”.") : make("ul", { class: "sites" }, ...list));
}

function privacy() {
  return make("p", { class: "faint" }, "What stands on a page never leaves this browser. The hub is told what you look up, and which asset you used, on which deal and how.");
}

begin();
