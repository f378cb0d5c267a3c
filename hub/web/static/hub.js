// What pages need a script for: keys, copying, telling which result was taken, saying what happened. Everything listens
// on the document, so parts that htmx brings later need no wiring. Without this file every page works, with less comfort.
"use strict";

(() => {
  document.documentElement.classList.add("scripted");
  // Times are shown where the reader is, from the next page on.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `hub_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // --- saying what happened ---------------------------------------------------------------------------------------
  let quiet;
  let offers = [];
  // `actions` are {text, key, run}: what can still be done about it while the words stand there.
  function say(text, kind = "", actions = []) {
    const place = find("#say");
    if (!place) return;
    place.textContent = "";
    place.className = kind ? `notice toast ${kind}` : "notice toast";
    place.hidden = false;
    offers = actions;
    // In a turn of its own, so that the same words said twice are announced twice.
    setTimeout(() => { place.textContent = text; place.append(...actions.map(offer)); }, 30);
    hush(actions.length ? 12_000 : 6_000);
  }
  function offer({ text, key, run }) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn small", textContent: text });
    button.addEventListener("click", run);
    if (key) button.append(" ", Object.assign(document.createElement("kbd"), { textContent: key, ariaHidden: "true" }));
    return button;
  }
  function hush(after) {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const place = find("#say");
      if (place.matches(":hover, :focus-within")) { hush(3_000); return; }
      place.hidden = true;
      place.textContent = "";
      offers = [];
    }, after);
  }

  // --- the row one is on ------------------------------------------------------------------------------------------
  const rows = () => all(".hit");
  const here = () => find(".hit.here") || find(".hit");
  function settleOn(row, { focus = false } = {}) {
    if (!row) return;
    for (const other of rows()) other.classList.toggle("here", other === row);
    if (focus) find("h2 a, h3 a, p > a", row)?.focus();
    row.scrollIntoView({ block: "nearest" });
  }
  function step(by) {
    const list = rows();
    const focused = document.activeElement?.closest?.(".hit");
    const next = focused ? list.indexOf(focused) + by : 0;
    if (next < 0) find("#q")?.focus();
    else settleOn(list[Math.min(next, list.length - 1)], { focus: true });
  }

  // --- keys -------------------------------------------------------------------------------------------------------
  // A digit presses what it stands beside in the row one is on; 0 is the last resort: none, no deal.
  function inRow(event) {
    const row = /^[0-9]$/.test(event.key) && find(".hit.here");
    if (!row) return null;
    return event.key === "0" ? find("[data-nth='0']", row) : all("[data-nth]:not([data-nth='0'])", row)[Number(event.key) - 1];
  }
  const useOf = (row) => find("[data-use]", row) || find("[data-use]");
  const isTyping = (element) => element?.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const typing = isTyping(event.target);
    const inBox = event.target.id === "q";
    const on = {
      "/": () => !typing && (find("#q") || find("#jump")),
      ArrowDown: () => (inBox || event.target.closest?.(".hits")) && rows().length,
      ArrowUp: () => event.target.closest?.(".hits"),
      u: () => !typing && !event.shiftKey && useOf(here() || document),
      z: () => !typing && offers.find((one) => one.key === "z"),
      c: () => !typing && !event.shiftKey && (here() || find("[data-asset][data-copy]")),
      Escape: () => find(".menu[open]"),
      j: () => !typing && rows().length,
      k: () => !typing && rows().length,
      e: () => !typing && find("[data-done]", here() || document.createElement("i")),
    }[event.key];
    const target = on ? on() : !typing && inRow(event);
    if (!target) return;
    if (event.key !== "Escape") event.preventDefault();
    if (event.key === "u") target.click();
    if (event.key === "z") target.run();
    if (event.key === "/") { target.focus(); target.select(); }
    if (event.key === "ArrowDown" || event.key === "j") step(1);
    if (event.key === "ArrowUp" || event.key === "k") step(-1);
    if (event.key === "e" || /^[0-9]$/.test(event.key)) target.click();
    if (event.key === "c") find("[data-copy]", find(".hit") ? target : document)?.click();
    if (event.key === "Escape") { target.open = false; find("summary", target).focus(); }
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.(".hit");
    // By keyboard only: under a mouse the row would grow between press and release, and the click would miss its link.
    if (row && !row.classList.contains("here") && event.target.matches(":focus-visible")) settleOn(row);
    for (const menu of all(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // --- copying ----------------------------------------------------------------------------------------------------
  const BLOCKS = "ADDRESS BLOCKQUOTE DD DIV DL DT FIGURE H1 H2 H3 H4 H5 H6 HR LI OL P PRE SECTION TABLE TR UL".split(" ");
  const texts = new Map();
  function textOf(slug, draft) {
    const address = `/api/v1/assets/${encodeURIComponent(slug)}${draft ? "?version=draft" : ""}`;
    if (!texts.has(address)) {
      const asked = fetch(address, { headers: { accept: "application/json" } }).then((answer) => {
        if (!answer.ok) throw new Error(`The text cannot be read (${answer.status}).`);
        return answer.json();
      });
      asked.catch(() => texts.delete(address));
      texts.set(address, asked);
    }
    return texts.get(address);
  }
  function bodyOf(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const back of all(".footnote-backref", page)) back.remove();
    // `href` as a property is absolute: a link must lead somewhere from an e-mail too.
    for (const link of all("a[href]", page)) link.setAttribute("href", new URL(link.getAttribute("href"), location.href).href);
    for (const element of all("[id], [class], [tabindex]", page)) for (const name of ["id", "class", "tabindex"]) element.removeAttribute(name);
    return page.body;
  }
  function plainOf(node) {
    let text = "";
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) text += child.data.replace(/\s+/g, " ");
      else if (child.nodeName === "BR") text += "\n";
      else if (child.nodeType === Node.ELEMENT_NODE) {
        const inner = child.nodeName === "PRE" ? child.textContent : plainOf(child);
        if (child.nodeName === "LI") text += `\n- ${inner.trim()}`;
        else if (child.nodeName === "TD" || child.nodeName === "TH") text += `${inner.trim()}\t`;
        else if (child.nodeName === "TR") text += `\n${inner.trim()}`;
        else text += BLOCKS.includes(child.nodeName) ? `\n\n${inner.trim()}\n\n` : inner;
      }
    }
    return text.replace(/[ ]+\n/g, "\n").replace(/\n{3,}/g, "\n\n");
  }
  const FORMS = {
    rich: { "text/html": (asset) => bodyOf(asset.html).innerHTML, "text/plain": (asset) => plainOf(bodyOf(asset.html)).trim() },
    markdown: { "text/plain": (asset) => asset.body },
    plain: { "text/plain": (asset) => plainOf(bodyOf(asset.html)).trim() },
  };
  const SAID = { rich: "Copied, with its formatting.", markdown: "Copied as Markdown.", plain: "Copied as plain text." };
  // The clipboard takes promises, so that the click still counts when the text has come over the network.
  async function put(parts) {
    if (window.ClipboardItem && navigator.clipboard?.write) {
      const blobs = Object.fromEntries(Object.entries(parts).map(([type, made]) => [type, made.then((text) => new Blob([text], { type }))]));
      return navigator.clipboard.write([new ClipboardItem(blobs)]);
    }
    // Over plain HTTP from another machine browsers offer the old way only.
    const ready = await Promise.all(Object.entries(parts).map(async ([type, made]) => [type, await made]));
    const fill = (event) => { for (const [type, text] of ready) event.clipboardData.setData(type, text); event.preventDefault(); };
    document.addEventListener("copy", fill, { once: true });
    if (!document.execCommand("copy")) { document.removeEventListener("copy", fill); throw new Error("This browser does not let a page copy."); }
  }
  async function copyAsset(button) {
    const place = button.closest("[data-asset]");
    const form = button.dataset.copy || "rich";
    const text = textOf(place.dataset.asset, place.dataset.draft);
    try {
      await put(Object.fromEntries(Object.entries(FORMS[form]).map(([type, make]) => [type, text.then(make)])));
      tellChoice(place);
      const told = { asset: place.dataset.asset, said: SAID[form] };
      say(told.said);
      if (!place.dataset.draft) document.dispatchEvent(new CustomEvent("hub:copied", { detail: told }));
    } catch (error) {
      say(`Not copied. ${error.message}`, "bad");
    }
  }
  async function copyText(button) {
    try {
      await put({ "text/plain": Promise.resolve(button.dataset.copyText) });
      say(button.dataset.said || "Copied.");
    } catch (error) {
      say(`Not copied. ${error.message}`, "bad");
    }
  }

  // --- which result was taken: told beside the way, and outlives the page ------------------------------------------
  function tellChoice(row) {
    const search = row.closest("[data-search]")?.dataset.search;
    if (!search || !row.dataset.position) return;
    const body = JSON.stringify({ slug: row.dataset.asset, position: Number(row.dataset.position) });
    const sent = fetch(`/api/v1/searches/${search}/choice`, { method: "PUT", keepalive: true, headers: { "content-type": "application/json" }, body });
    sent.catch(() => {}); // a choice that is lost must not stand in anybody's way
  }
  for (const name of ["click", "auxclick"]) {
    document.addEventListener(name, (event) => {
      const link = event.target.closest?.(".hit a[href^='/assets/']");
      if (link) tellChoice(link.closest(".hit"));
    });
  }

  document.addEventListener("click", (event) => {
    const asset = event.target.closest?.("[data-copy]");
    if (asset) { asset.closest(".menu")?.removeAttribute("open"); copyAsset(asset); return; }
    const text = event.target.closest?.("[data-copy-text]");
    if (text) { copyText(text); return; }
    const opener = event.target.closest?.("[data-opens]");
    if (opener) {
      const open = find(opener.dataset.opens).classList.toggle("open");
      opener.setAttribute("aria-expanded", String(open));
    }
    for (const menu of all(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // --- the inbox: how much waits, asked once a minute while somebody looks ------------------------------------------
  function showWaiting(number) {
    for (const place of all("[data-waiting]")) {
      place.hidden = !number;
      find("[data-number]", place).textContent = number > 99 ? "99+" : number;
    }
  }
  async function askWaiting() {
    const place = find("[data-waiting]");
    if (!place || document.hidden || !navigator.onLine) return;
    const was = Number.parseInt(find("[data-number]", place).textContent, 10) || 0;
    const answer = await fetch("/inbox/count", { headers: { accept: "text/plain" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const now = Number(await answer.text());
    showWaiting(now);
    if (now > was) say(`${now - was} new in your inbox.`);
  }
  setInterval(askWaiting, 60_000);
  document.addEventListener("hub:waiting", askWaiting);
  window.hub = { say, find, all };

  // --- htmx -------------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:error", () => {
    say(navigator.onLine ? "The hub does not answer. What you see may be old." : "You are offline. What you see may be old.", "warn");
  });
  // What was done in the inbox is no longer counted, and what is looked at is no longer new.
  document.addEventListener("htmx:after:swap", () => { if (find("[data-inbox]")) askWaiting(); });
  document.addEventListener("click", (event) => {
    const notice = event.target.closest?.("a.unseen[data-seen]");
    if (notice) fetch(`/api/v1/inbox/${notice.dataset.seen}/seen`, { method: "PUT", keepalive: true }).catch(() => {});
  });
  // Results are announced when they have settled, not at every keystroke.
  let telling;
  document.addEventListener("htmx:after:swap", () => {
    clearTimeout(telling);
    telling = setTimeout(() => {
      const count = find("#found [data-tell]");
      const place = find("#count");
      if (count && place) place.textContent = count.dataset.tell;
    }, 400);
    const shown = find("#found [data-count]");
    const beside = find("#beside");
    if (shown && beside) beside.textContent = shown.dataset.count;
  });

  if ("serviceWorker" in navigator && window.isSecureContext) {
    window.addEventListener("load", () => navigator.serviceWorker.register("/worker.js").catch(() => {}));
  }
})();
