// Recording uses where the work is: after a copy, with `u`, without a network. A use is written down in this browser the
// moment it happens, under an id of its own, and sent from there; sent twice it is one use. Without this file the same
// is done on /uses/new.
"use strict";

(() => {
  const person = document.body.dataset.person;
  const { say, find, all } = window.hub;
  const dialog = find("#ask-deal");
  if (!person || !dialog) return;

  // --- what waits to be sent: of this person alone, oldest first -----------------------------------------------------
  const PLACE = `hub.uses.${person}`;
  const HELD = 120_000; // how long an unanswered question holds a use back; after it the use is sent without a deal
  const MOST = 500;
  function waiting() {
    try { return JSON.parse(localStorage.getItem(PLACE)) || []; } catch { return []; }
  }
  function keep(entries) {
    try { localStorage.setItem(PLACE, JSON.stringify(entries.slice(-MOST))); } catch { /* a full store must not stop the work */ }
  }
  function change(id, how) {
    keep(waiting().flatMap((entry) => (entry.use.id === id ? [how(entry)].filter(Boolean) : [entry])));
  }
  const json = { "content-type": "application/json", accept: "application/json" };
  const isDue = (entry) => !entry.held || entry.held < Date.now();

  let sending = Promise.resolve();
  function send() {
    const turn = () => (navigator.locks ? navigator.locks.request(PLACE, sendDue) : sendDue());
    sending = sending.then(turn, turn);
    return sending;
  }
  async function sendDue() {
    const due = waiting().filter(isDue);
    if (!due.length) return "nothing";
    const fresh = due.filter((entry) => !entry.sent);
    try {
      if (fresh.length) {
        const now = new Date().toISOString();
        const body = JSON.stringify(fresh.map((entry) => ({ ...entry.use, sent_at: now })));
        const answer = await fetch("/api/v1/uses", { method: "POST", headers: json, body, keepalive: true });
        if (answer.status === 422) { drop(fresh); return "refused"; }
        if (!answer.ok) return answer.status === 401 ? "signed-out" : "later";
        const done = await answer.json();
        const refused = new Map(done.rejected.map((one) => [fresh[one.index].use.id, one.reason]));
        for (const entry of fresh) change(entry.use.id, (kept) => (refused.has(kept.use.id) || !kept.none ? null : { ...kept, sent: true }));
        if (refused.size) say(`Not recorded: ${[...refused.values()][0]}.`, "bad");
      }
      for (const entry of due.filter((one) => one.none)) {
        await nameDeal(entry.use.id, null);
        change(entry.use.id, () => null);
      }
      return "sent";
    } catch {
      return "offline";
    }
  }
  function drop(entries) {
    const ids = new Set(entries.map((entry) => entry.use.id));
    keep(waiting().filter((entry) => !ids.has(entry.use.id)));
    say("A use could not be recorded: the hub did not understand it.", "bad");
  }
  async function nameDeal(id, deal) {
    return fetch(`/api/v1/uses/${id}/deal`, { method: "PUT", headers: json, body: JSON.stringify({ deal }), keepalive: true });
  }

  // --- one use -------------------------------------------------------------------------------------------------------
  const refOf = (written) => {
    const at = written.indexOf("/");
    return at > 0 ? { source: written.slice(0, at), external_id: written.slice(at + 1) } : undefined;
  };
  const atHand = () => find("#at-hand [data-deal]")?.dataset;
  const TWICE = 10_000; // the same copy again, in another form or by a second click, is the same use
  let last = { asset: "", action: "", at: 0, id: "", name: "" };

  function begin(asset, action, more = {}) {
    const again = last.asset === asset && last.action === action && Date.now() - last.at < TWICE;
    if (again) return null;
    const id = more.id || newId();
    last = { asset, action, at: Date.now(), id, name: "" };
    const use = { id, asset, action, channel: more.channel || "hub", occurred_at: more.at || new Date().toISOString() };
    if (more.deal) use.deal = refOf(more.deal);
    keep([...waiting(), { use, held: more.held ? Date.now() + HELD : 0, none: more.none || false }]);
    return id;
  }
  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16)); // plain HTTP from another machine
    bytes[6] = (bytes[6] & 15) | 64; bytes[8] = (bytes[8] & 63) | 128;
    return [...bytes].map((byte, at) => (at === 4 || at === 6 || at === 8 || at === 10 ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
  }
  async function tell(id, lead, name) {
    if (last.id === id) last.name = name;
    const how = await send();
    const where = name ? ` Noted on ${name}.` : " Noted, without a deal.";
    const undo = { text: "Take back", key: "z", run: () => takeBack(id) };
    if (how === "sent" || how === "nothing") say(`${lead}${where}`, "", [undo]);
    else if (how === "offline" || how === "later") say(`${lead} The hub cannot be reached: the use is kept in this browser and sent once it can.`, "warn", [undo]);
    else if (how === "signed-out") say(`${lead} You are signed out: the use is kept and sent when you sign in again.`, "warn");
    showQueue();
  }
  async function takeBack(id) {
    last.asset = "";
    if (waiting().some((entry) => entry.use.id === id && !entry.sent)) {
      change(id, () => null);
      showQueue();
      return say("Taken back. It was not sent.");
    }
    try {
      const answer = await fetch(`/api/v1/uses/${id}`, { method: "DELETE" });
      return say(answer.ok ? "Taken back. It is counted no more." : `Not taken back (${answer.status}).`, answer.ok ? "" : "bad");
    } catch {
      return say("Not taken back: the hub cannot be reached. It stands among your uses, where you can do it later.", "bad");
    }
  }

  // --- asking for the deal -------------------------------------------------------------------------------------------
  let before = null; // what had the focus
  let asked = null; // {id, lead} of the use that the dialog asks about
  async function open(address, question) {
    asked = question;
    before = document.activeElement;
    const answer = await fetch(address, { headers: { "hx-request": "true", accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    dialog.innerHTML = await answer.text();
    window.htmx?.process(dialog);
    if (!dialog.open) dialog.showModal();
    find("[autofocus], input[type=radio]:checked, .btn.main", dialog)?.focus();
  }
  const addressOf = (values) => `/uses/new?${new URLSearchParams(values)}`;

  async function copied(asset, lead) {
    const deal = atHand();
    if (deal) {
      const id = begin(asset, "copied", { deal: deal.deal });
      return id ? tell(id, lead, deal.dealName) : tell(last.id, lead, last.name);
    }
    const id = begin(asset, "copied", { held: true });
    if (!id) return tell(last.id, lead, last.name);
    try {
      await open(addressOf({ asset, action: "copied", id }), { id, lead });
    } catch {
      change(id, (entry) => ({ ...entry, held: 0 }));
      tell(id, lead, "");
    }
  }
  async function note(asset, action, deal) {
    const id = newId();
    const known = deal || atHand()?.deal || "";
    try {
      await open(addressOf({ asset, action, id, ...(known ? { deal: known } : {}) }), { id, lead: "" });
    } catch {
      say("The hub cannot be reached. Only copies are kept meanwhile; note this use when you are back.", "warn");
    }
  }
  function close() {
    if (dialog.open) dialog.close();
  }
  dialog.addEventListener("close", () => {
    dialog.innerHTML = "";
    const question = asked;
    asked = null;
    if (before?.isConnected) before.focus();
    if (!question?.lead) return;
    // Copied, and not said for which deal: it is asked again among one's uses.
    change(question.id, (entry) => ({ ...entry, held: 0 }));
    tell(question.id, question.lead, "");
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-closes]")) close();
  });
  dialog.addEventListener("keydown", (event) => {
    const choices = all("#choices button", dialog);
    if (!choices.length || event.isComposing) return;
    const inBox = event.target.matches("input[type=search]");
    const at = choices.indexOf(event.target);
    if (event.key === "ArrowDown" && (inBox || at >= 0)) { event.preventDefault(); (choices[at + 1] || choices[at]).focus(); }
    if (event.key === "ArrowUp" && at >= 0) { event.preventDefault(); (choices[at - 1] || find("input[type=search]", dialog)).focus(); }
    if (event.key === "Enter" && inBox) { event.preventDefault(); choices[0].click(); }
  });
  dialog.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("action") === "/deals/at-hand") { event.preventDefault(); takeToHand(event.submitter.value).then(close); return; }
    if (form.getAttribute("id") !== "use" || event.submitter?.formMethod === "get") return;
    event.preventDefault();
    answered(form, event.submitter);
  });
  async function answered(form, button) {
    const values = new FormData(form, button);
    const deal = values.get("deal") || "";
    const name = button?.dataset.name || find("input[name=deal]", form)?.dataset.name || deal;
    const question = asked;
    if (!question || question.done) return; // the second click of two
    question.done = true;
    const none = deal === "none";
    const lead = question.lead || "Done.";
    if (question.lead) {
      change(question.id, (entry) => ({ ...entry, held: 0, none, use: { ...entry.use, ...(none || !deal ? {} : { deal: refOf(deal) }) } }));
    } else {
      const when = values.get("when");
      const at = when ? new Date(when) : new Date();
      if (Number.isNaN(at.getTime()) || at > new Date()) { question.done = false; say("That time is still to come.", "bad"); return; }
      last.asset = ""; // said on purpose, so it is a use of its own
      begin(values.get("asset"), values.get("action"), { id: question.id, deal: none ? "" : deal, none, at: at.toISOString(), channel: when ? "told" : "hub" });
    }
    asked = null;
    close();
    if (values.get("keep") && deal && !none) takeToHand(deal);
    await tell(question.id, lead, none ? "" : name);
    document.dispatchEvent(new CustomEvent("hub:used", { detail: { asset: values.get("asset") } }));
  }

  // --- the deal at hand ----------------------------------------------------------------------------------------------
  async function takeToHand(deal) {
    try {
      const answer = await fetch("/deals/at-hand", { method: "POST", headers: { "hx-request": "true" }, body: new URLSearchParams({ deal, next: location.pathname + location.search }) });
      if (!answer.ok) throw new Error(String(answer.status));
      const place = find("#at-hand");
      if (place) place.innerHTML = await answer.text();
    } catch {
      say("The hub cannot be reached: the deal is not kept.", "warn");
    }
  }
  document.addEventListener("submit", (event) => {
    if (event.target.closest("#at-hand")) { event.preventDefault(); takeToHand(event.submitter.value).then(() => find("#q")?.form.requestSubmit()); }
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const used = event.target.closest?.("[data-use]");
    if (used) {
      event.preventDefault();
      note(used.closest("[data-asset]").dataset.asset, used.dataset.use || "sent", used.dataset.for);
    }
    const choose = event.target.closest?.("[data-choose]");
    if (choose) {
      event.preventDefault();
      open(choose.href, { id: "", lead: "" }).catch(() => { location.href = choose.href; });
    }
  });
  document.addEventListener("hub:copied", (event) => copied(event.detail.asset, event.detail.said));

  // --- what is left over from before ---------------------------------------------------------------------------------
  function showQueue() {
    const many = waiting().filter(isDue).length;
    document.documentElement.classList.toggle("unsent", many > 0);
  }
  async function catchUp() {
    const many = waiting().filter(isDue).length;
    if (many && (await send()) === "sent") say(many === 1 ? "The use that waited is recorded." : `The ${many} uses that waited are recorded.`);
    showQueue();
  }
  window.addEventListener("online", catchUp);
  window.addEventListener("pagehide", () => {
    if (!waiting().length) return;
    keep(waiting().map((entry) => (entry.held && asked?.id === entry.use.id ? { ...entry, held: 0 } : entry)));
    if (navigator.onLine) sendDue();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) catchUp(); });
  catchUp();
})();
