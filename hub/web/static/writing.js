// The editor: formatting, a preview while typing, and keeping what is typed, in this browser at once and in the hub a
// moment later. Without this file the form works all the same, with its buttons Preview and Save.
"use strict";

(() => {
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = () => find("#editor");
  const body = () => find("#f-body");
  const tell = (text, kind = "") => {
    const place = find("#kept");
    if (place && place.textContent !== text) place.textContent = text;
    place?.classList.toggle("warned", kind === "warn");
  };

  // --- what is typed, as the hub takes it --------------------------------------------------------------------------
  const LISTS = ["personas", "stages", "products", "industries", "competitors", "regions", "marketing", "sales"];
  const PLAIN = ["title", "slug", "kind", "summary", "body", "language", "audience", "owner", "review_by", "expires_on", "note"];
  function typed() {
    const data = new FormData(form());
    const fields = Object.fromEntries(PLAIN.map((name) => [name, String(data.get(name) ?? "").replace(/\r\n/g, "\n")]));
    for (const name of LISTS) {
      const more = String(data.get(`more_${name}`) ?? "").split(/[,;]/);
      fields[name] = [...new Set([...data.getAll(name), ...more].map((word) => String(word).trim()).filter(Boolean))];
    }
    fields.attachments = data.getAll("attachment").map((value) => ({ digest: value.slice(0, 64), name: value.slice(65) }));
    return fields;
  }
  function fill(fields) {
    for (const name of PLAIN) {
      const control = find(`[name="${name}"]`, form());
      if (control && name in fields && control.value !== fields[name]) control.value = fields[name];
    }
    for (const name of LISTS) {
      for (const box of all(`input[type=checkbox][name="${name}"]`, form())) box.checked = false;
      for (const word of fields[name] || []) tick(name, word);
    }
    for (const box of all("input[name=attachment]", form())) box.checked = false;
    for (const file of fields.attachments || []) attach(file);
  }
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  function tick(name, value, label = value) {
    const known = all(`input[type=checkbox][name="${name}"]`, form());
    const box = known.find((one) => one.value === value || one.parentElement.textContent.trim().toLowerCase() === label.toLowerCase());
    if (box) { box.checked = true; return; }
    const made = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "checkbox", name, value, checked: true });
    made.append(input, label);
    find(`#f-${name} .ticks`).append(made);
  }
  function attach({ digest, name }) {
    const value = `${digest} ${name}`;
    const known = all("input[name=attachment]", form()).find((one) => one.value === value);
    if (known) { known.checked = true; return; }
    const line = document.createElement("li");
    const label = Object.assign(document.createElement("label"), { className: "row" });
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "attachment", value, checked: true });
    const link = Object.assign(document.createElement("a"), { href: `/api/v1/attachments/${digest}?name=${encodeURIComponent(name)}`, textContent: name });
    label.append(box, link);
    line.append(label);
    find("#attached").append(line);
  }

  // --- keeping: in this browser at once, in the hub a moment later -------------------------------------------------
  let kept = null; // what the hub has
  let revision = 0;
  let timer, previewTimer, asking, keeping = Promise.resolve(), blocked = false, saving = false;
  const place = () => `hub.write.${form().dataset.person}.${form().dataset.key}`;
  function keepHere(fields) {
    try {
      localStorage.setItem(place(), JSON.stringify({ fields, revision, base: base(), at: new Date().toISOString() }));
    } catch { /* a full or forbidden storage must not stop anybody from typing */ }
  }
  function forgetHere() { try { localStorage.removeItem(place()); } catch { /* as above */ } }
  const base = () => Number(find("[name=base_version]", form()).value);

  function changed() {
    if (!form() || saving) return;
    keepHere(typed());
    tell("Typing…");
    clearTimeout(timer);
    timer = setTimeout(keep, 900);
    clearTimeout(previewTimer);
    previewTimer = setTimeout(look, 250);
  }
  // One at a time: a later text must not arrive before an earlier one.
  function keep({ leaving = false, over = false } = {}) {
    keeping = keeping.then(async () => {
      if (!form() || (blocked && !over) || saving) return;
      const fields = typed();
      if (same(fields, kept) && !over) { forgetHere(); tell("Kept, not saved as a version"); return; }
      const sent = JSON.stringify({ revision, base_version: base(), fields });
      try {
        const answer = await fetch(`/api/v1/working-copies/${form().dataset.key}`, {
          method: "PUT", headers: { "content-type": "application/json", accept: "application/json" },
          body: sent, keepalive: leaving && sent.length < 60_000,
        });
        if (answer.status === 409) { elsewhere(await answer.json()); return; }
        if (answer.status === 401) { tell("You are signed out. Your text is kept in this browser: sign in in another tab, then save.", "warn"); return; }
        if (!answer.ok) { tell("Kept in this browser only: the hub does not take it now.", "warn"); return again(); }
        revision = (await answer.json()).revision;
        if (!form()) return;
        find("[name=revision]", form()).value = revision;
        kept = fields;
        if (same(typed(), kept)) forgetHere();
        tell("Kept, not saved as a version");
      } catch {
        tell(navigator.onLine ? "Kept in this browser: the hub does not answer." : "You are offline. Kept in this browser.", "warn");
        again();
      }
    });
    return keeping;
  }
  function again() { clearTimeout(timer); timer = setTimeout(keep, 5000); }
  window.addEventListener("online", () => form() && !same(typed(), kept) && keep());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && form() && kept && !same(typed(), kept)) keep({ leaving: true });
  });

  function offer(text, actions) {
    const band = Object.assign(document.createElement("div"), { className: "band warn" });
    const said = document.createElement("div");
    said.append(text, " ");
    for (const [name, act] of actions) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn small", textContent: name });
      button.addEventListener("click", () => { band.remove(); act(); });
      said.append(button, " ");
    }
    band.append(said);
    find("#elsewhere").replaceChildren(band);
  }
  function elsewhere(problem) {
    blocked = true;
    tell("Kept in this browser only", "warn");
    offer("You go on with this text in another window, and what is kept from there is newer.", [
      ["Go on with this one", () => { revision = problem.revision; blocked = false; keep({ over: true }); }],
      ["Show the other one", () => { forgetHere(); location.reload(); }],
    ]);
  }
  function restore() {
    let local = null;
    try { local = JSON.parse(localStorage.getItem(place())); } catch { /* nothing that can be read */ }
    if (!local) return;
    if (same(local.fields, typed())) { forgetHere(); return; }
    const since = new Date(local.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    const take = () => {
      fill(local.fields);
      if (local.base && !find("#merged_version")) find("[name=base_version]", form()).value = local.base;
      look();
      keep({ over: true });
    };
    if (local.revision === revision) {
      take();
      offer(`This browser had kept what you typed until ${since}; it had not reached the hub. It is here again.`, [["Good", () => {}]]);
    } else {
      blocked = true;
      offer(`This browser kept another text of yours, from ${since}, that never reached the hub.`, [
        ["Show it", () => { blocked = false; take(); }],
        ["Throw it away", () => { blocked = false; forgetHere(); }],
      ]);
    }
  }

  // --- preview and checks: a later question takes the place of an earlier one, so answers cannot overtake ----------
  async function look() {
    if (!form()) return;
    asking?.abort();
    const mine = asking = new AbortController();
    try {
      const data = new FormData(form());
      data.delete("files");
      const answer = await fetch("/write/preview", { method: "POST", body: data, signal: mine.signal, headers: { "hx-request": "true", accept: "text/html" } });
      if (!answer.ok || mine !== asking) return;
      const html = await answer.text();
      if (mine !== asking || !find("#below")) return;
      const scrolled = find("#below .scrolls")?.scrollTop;
      find("#below").innerHTML = html;
      if (scrolled) { const to = find("#below .scrolls"); if (to) to.scrollTop = scrolled; }
    } catch { /* aborted, or no connection: the last preview stays */ }
  }

  // --- saving without leaving the page -----------------------------------------------------------------------------
  async function send(deed) {
    if (saving) return;
    saving = true;
    clearTimeout(timer);
    const before = typed();
    keepHere(before);
    tell(deed === "submit" ? "Submitting…" : "Saving…");
    await keeping;
    const data = new FormData(form());
    data.set("deed", deed);
    data.set("revision", revision);
    let page = null, redirected = null;
    try {
      const answer = await fetch(form().action, { method: "POST", body: data, headers: { "hx-request": "true", accept: "text/html" } });
      const to = answer.headers.get("hx-redirect");
      if (to === "/sign-in") { tell("You are signed out. Your text is kept in this browser: sign in in another tab, then save.", "warn"); return; }
      if (to && !to.endsWith("/edit")) { forgetHere(); location.assign(to); return; }
      if (to) forgetHere();
      const shown = to ? await fetch(to, { headers: { accept: "text/html" } }) : answer;
      page = await shown.text();
      redirected = to;
    } catch {
      tell(navigator.onLine ? "Not saved: the hub does not answer. Kept in this browser." : "Not saved: you are offline. Kept in this browser.", "warn");
      again();
    } finally {
      saving = false;
    }
    if (page !== null) show(page, redirected, before);
  }
  // The new page around the text that is being written: the caret, the scroll and what was typed meanwhile stay.
  function show(html, to, before) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const main = find("#main", fresh);
    if (!find("#editor", main)) {
      const said = find(".notice, .problem, main", fresh)?.textContent.trim().replace(/\s+/g, " ").slice(0, 300);
      tell(`Not saved. ${said || "The hub refused it."}`, "warn");
      return;
    }
    const now = typed();
    const old = body(), focused = document.activeElement?.id, [from, until, top] = [old.selectionStart, old.selectionEnd, old.scrollTop];
    const scrolled = window.scrollY;
    find("#main").replaceWith(document.adoptNode(main));
    document.title = fresh.title;
    if (to) history.replaceState(history.state, "", to);
    begin({ restoring: false });
    const text = body();
    if (!same(now, before)) { fill(now); changed(); }
    text.setSelectionRange(from, until);
    text.scrollTop = top;
    window.htmx?.process?.(find("#main"));
    const wrong = find("#newer, .notice[role=alert], [aria-invalid=true]");
    if (!to && wrong) { wrong.tabIndex = wrong.tabIndex < 0 ? -1 : wrong.tabIndex; (wrong.matches(".notice") ? find("[aria-invalid=true]") || wrong : wrong).focus(); wrong.scrollIntoView({ block: "center" }); }
    else { window.scrollTo(0, scrolled); document.getElementById(focused || "f-body")?.focus({ preventScroll: true }); }
    if (to) tell("Saved.");
  }

  // --- formatting --------------------------------------------------------------------------------------------------
  // `insertText` is the one way of changing a text area that its undo knows of.
  function insert(text) {
    body().focus();
    if (!(text ? document.execCommand("insertText", false, text) : document.execCommand("delete"))) {
      body().setRangeText(text, body().selectionStart, body().selectionEnd, "end");
      changed();
    }
  }
  function around(mark, otherwise) {
    const area = body(), { selectionStart: from, selectionEnd: until, value } = area;
    const chosen = value.slice(from, until);
    if (chosen.startsWith(mark) && chosen.endsWith(mark) && chosen.length >= 2 * mark.length) {
      insert(chosen.slice(mark.length, chosen.length - mark.length));
      area.setSelectionRange(from, until - 2 * mark.length);
    } else {
      const text = chosen || otherwise;
      insert(mark + text + mark);
      area.setSelectionRange(from + mark.length, from + mark.length + text.length);
    }
  }
  function lines(change) {
    const area = body(), { value } = area;
    const from = value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    const end = value.indexOf("\n", Math.max(area.selectionStart, area.selectionEnd - 1));
    const until = end < 0 ? value.length : end;
    const changedLines = value.slice(from, until).split("\n").map(change).join("\n");
    area.setSelectionRange(from, until);
    insert(changedLines);
    area.setSelectionRange(from, from + changedLines.length);
  }
  function prefixed(mark) {
    const chosen = body().value;
    const first = chosen.slice(chosen.lastIndexOf("\n", body().selectionStart - 1) + 1);
    const off = first.startsWith(mark);
    lines((line) => (off ? line.replace(mark, "") : mark + line));
  }
  const apart = () => {
    const before = body().value.slice(0, body().selectionStart);
    return before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  };
  const DO = {
    bold: () => around("**", "bold"),
    italic: () => around("*", "italic"),
    code: () => (body().value.slice(body().selectionStart, body().selectionEnd).includes("\n") ? around("\n```\n", "") : around("`", "code")),
    heading: () => lines((line) => (/^#{2}\s/.test(line) ? `#${line}` : /^#{3}\s/.test(line) ? line.replace(/^#+\s*/, "") : `## ${line.replace(/^#+\s*/, "")}`)),
    list: () => prefixed("- "),
    quote: () => prefixed("> "),
    link: () => {
      const area = body(), from = area.selectionStart;
      const text = area.value.slice(from, area.selectionEnd) || "words";
      insert(`[${text}](asset:)`);
      area.setSelectionRange(from + text.length + 9, from + text.length + 9);
    },
    table: () => insert(`${apart()}| | us | them |\n| --- | --- | --- |\n| | | |\n`),
    image: () => find("#f-files").click(),
  };
  const KEYS = { "c+b": "bold", "c+i": "italic", "c+k": "link", "c+e": "code", "ca+2": "heading", "ca+t": "table", "cs+8": "list", "cs+*": "list", "cs+9": "quote", "cs+(": "quote" };
  document.addEventListener("keydown", (event) => {
    if (!form() || event.isComposing) return;
    const control = event.ctrlKey || event.metaKey;
    if (control && !event.altKey && event.key.toLowerCase() === "s") { event.preventDefault(); send("save"); return; }
    if (control && event.key === "Enter") { event.preventDefault(); send("submit"); return; }
    if (event.target.matches?.("[data-more]") && event.key === "Enter") { event.preventDefault(); more(event.target); return; }
    if (event.target !== body()) return;
    const name = `${control ? "c" : ""}${event.altKey ? "a" : ""}${event.shiftKey ? "s" : ""}+${event.key.toLowerCase()}`;
    const code = /^Digit(\d)$/.exec(event.code)?.[1];
    const deed = KEYS[name] || (code && KEYS[name.replace(/\+.*/, `+${code}`)]);
    if (deed) { event.preventDefault(); DO[deed](); return; }
    if (event.key === "Enter" && !control && !event.shiftKey && !event.altKey) continueList(event);
  });
  function continueList(event) {
    const area = body(), at = area.selectionStart;
    if (at !== area.selectionEnd) return;
    const line = area.value.slice(area.value.lastIndexOf("\n", at - 1) + 1, at);
    const item = /^(\s*)([-*]|\d{1,6}\.)(\s+(?:\[[ x]\]\s+)?)(.*)$/.exec(line);
    if (!item) return;
    event.preventDefault();
    if (!item[4].trim()) { area.setSelectionRange(at - line.length, at); insert(""); return; }
    const mark = /\d/.test(item[2]) ? `${parseInt(item[2], 10) + 1}.` : item[2];
    insert(`\n${item[1]}${mark}${item[3].replace("[x]", "[ ]")}`);
  }
  function more(input) {
    const name = input.dataset.more;
    for (const word of input.value.split(/[,;]/).map((one) => one.trim()).filter(Boolean)) tick(name, word);
    if (input.value.trim()) { input.value = ""; changed(); }
  }

  // --- pasting and dropping ----------------------------------------------------------------------------------------
  const cell = (text) => text.replace(/\s+/g, " ").trim().replace(/\|/g, "\\|");
  function asTable(rows) {
    const wide = Math.max(...rows.map((row) => row.length));
    const shown = rows.map((row) => `| ${Array.from({ length: wide }, (_, at) => cell(row[at] ?? "")).join(" | ")} |`);
    return [shown[0], `|${" --- |".repeat(wide)}`, ...shown.slice(1), ""].join("\n");
  }
  function tableOf(data) {
    const html = data.getData("text/html");
    if (html) {
      const table = new DOMParser().parseFromString(html, "text/html").querySelector("table");
      const rows = table ? [...table.rows].map((row) => [...row.cells].map((one) => one.textContent)) : [];
      if (rows.length && Math.max(...rows.map((row) => row.length)) > 1) return asTable(rows);
    }
    const lines = data.getData("text/plain").replace(/\r\n/g, "\n").replace(/\n+$/, "").split("\n");
    const rows = lines.map((line) => line.split("\t"));
    return rows.length > 1 && rows.every((row) => row.length > 1 && row.length === rows[0].length) ? asTable(rows) : "";
  }
  async function upload(files) {
    for (const file of files) {
      tell(`Uploading ${file.name}…`);
      const data = new FormData();
      data.append("file", file);
      try {
        const answer = await fetch("/api/v1/attachments", { method: "POST", body: data, headers: { accept: "application/json" } });
        const stored = await answer.json();
        if (!answer.ok) { tell(`Not attached: ${stored.detail}`, "warn"); continue; }
        const taken = new Map(all("input[name=attachment]", form()).map((box) => [box.value.slice(65), box.value.slice(0, 64)]));
        let name = stored.name;
        for (let number = 2; taken.has(name) && taken.get(name) !== stored.digest; number += 1) name = stored.name.replace(/(\.[^.]*)?$/, `-${number}$1`);
        attach({ digest: stored.digest, name });
        if (stored.media_type.startsWith("image/")) insert(`${apart()}![${name.replace(/\.[^.]*$/, "").replace(/[[\]]/g, "")}](attachment:${encodeURIComponent(name)})\n`);
        changed();
      } catch {
        tell(`Not attached: ${file.name} did not reach the hub.`, "warn");
      }
    }
  }
  document.addEventListener("paste", (event) => {
    if (!form() || event.target !== body()) return;
    const files = [...event.clipboardData.files];
    const table = tableOf(event.clipboardData);
    if (table) { event.preventDefault(); insert(apart() + table); }
    else if (files.length) { event.preventDefault(); upload(files); }
  });
  document.addEventListener("dragover", (event) => {
    if (form() && event.target === body() && event.dataTransfer.types.includes("Files")) { event.preventDefault(); body().classList.add("dropping"); }
  });
  document.addEventListener("dragleave", () => body()?.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    body()?.classList.remove("dropping");
    if (!form() || event.target !== body() || !event.dataTransfer.files.length) return;
    event.preventDefault();
    upload([...event.dataTransfer.files]);
  });

  // --- the rest ----------------------------------------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    if (event.target.form === form() && event.target.type !== "file" && !event.target.matches("[data-more]")) changed();
  });
  document.addEventListener("change", (event) => {
    if (!form() || event.target.form !== form()) return;
    if (event.target.id === "f-files") { upload([...event.target.files]); event.target.value = ""; }
    else if (event.target.matches("[data-more]")) more(event.target);
    else if (event.target.matches("select, input[type=checkbox]")) changed();
  });
  document.addEventListener("submit", (event) => {
    if (form() && event.target.matches(".sure") && event.submitter?.value === "discard") {
      // What is on its way to be kept must not arrive after it was thrown away.
      event.preventDefault();
      saving = true;
      clearTimeout(timer);
      keeping.then(() => {
        forgetHere();
        event.target.append(Object.assign(document.createElement("input"), { type: "hidden", name: "deed", value: "discard" }));
        event.target.submit();
      });
      return;
    }
    if (event.target !== form()) return;
    event.preventDefault();
    const deed = event.submitter?.value;
    if (deed === "save" || deed === "submit") send(deed);
    else { look(); keep(); }
  });
  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.("[data-do]");
    if (tool) { body().focus(); DO[tool.dataset.do](); return; }
    const take = event.target.closest?.("[data-take]");
    if (take) { body().focus(); body().select(); insert(find(`#${take.dataset.take}`).value); return; }
    const to = event.target.closest?.("a[href^='#f-']");
    if (!to || !form()) return;
    const target = find(to.getAttribute("href"));
    const control = target?.matches("fieldset") ? find("input", target) : target;
    if (!control) return;
    event.preventDefault();
    target.closest("details")?.setAttribute("open", "");
    control.focus();
    control.scrollIntoView({ block: "center" });
    if (to.dataset.line) {
      const before = body().value.split("\n").slice(0, Number(to.dataset.line) - 1).join("\n");
      const from = before ? before.length + 1 : 0, end = body().value.indexOf("\n", from);
      body().setSelectionRange(from, end < 0 ? body().value.length : end);
    }
  });

  function begin({ restoring = true } = {}) {
    if (!form()) return;
    kept = typed();
    revision = Number(find("[name=revision]", form()).value);
    blocked = false;
    tell(form().dataset.unsaved ? "Kept, not saved as a version" : "");
    if (restoring) restore();
  }
  begin();
})();
