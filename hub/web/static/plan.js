// The board of briefs: cards are dragged, or moved by their menu without the page being loaded anew. Without this file
// the menu sends its form, and the page comes back.
"use strict";

(() => {
  const board = document.querySelector("#board");
  if (!board) return;
  const all = (selector) => [...board.querySelectorAll(selector)];
  let held = null;

  function say(text, kind = "") {
    const place = document.querySelector("#say");
    place.className = `notice toast ${kind}`;
    place.hidden = false;
    place.textContent = "";
    setTimeout(() => { place.textContent = text; }, 30);
    setTimeout(() => { place.hidden = true; place.textContent = ""; }, 6000);
  }

  // The answer is the board as it is now, also when the move was refused: then it says why above.
  async function move(card, to, above, byKeyboard) {
    const id = card.dataset.brief;
    const sent = new URLSearchParams({ move: `${to}:${above}`, seen: card.dataset.state });
    board.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`/briefs/${id}/place`, {
        method: "POST", body: sent,
        headers: { accept: "text/html", "HX-Request": "true", "HX-Request-Type": "partial" },
      });
      const text = await answer.text();
      if (!answer.ok && !text.includes("data-refused")) throw new Error(`The hub answered ${answer.status}.`);
      // Elements without their scripts: the hub's own fragment, and the policy of the page holds anyway.
      board.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
      const now = board.querySelector(`#brief-${id}`);
      const refused = board.querySelector("[data-refused]");
      if (refused) refused.scrollIntoView({ block: "nearest" });
      else say(`Moved to ${now?.closest(".lane").querySelector("h2").firstChild.nextSibling.textContent.trim() ?? "its place"}.`);
      if (byKeyboard && now) (now.querySelector("summary") ?? now.querySelector("h3 a")).focus();
      if (now && !refused) { now.classList.add("moved"); setTimeout(() => now.classList.remove("moved"), 1600); }
    } catch (error) {
      say(`Not moved. ${error.message}`, "bad");
    } finally {
      board.removeAttribute("aria-busy");
    }
  }

  board.addEventListener("submit", (event) => {
    const form = event.target.closest(".moves");
    if (!form) return;
    event.preventDefault();
    const [to, above] = event.submitter.value.split(":");
    move(form.closest("[data-brief]"), to, above, true);
  });
  board.addEventListener("keydown", (event) => {
    const menu = event.target.closest(".menu[open]");
    if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const choices = [...menu.querySelectorAll("button")];
    const at = choices.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    choices[(at + choices.length) % choices.length]?.focus();
  });

  // --- dragging -----------------------------------------------------------------------------------------------------
  const goes = (lane) => held && held.dataset.goes.split(" ").includes(lane.dataset.lane);
  function clear() {
    for (const one of all(".gap-before")) one.classList.remove("gap-before");
    for (const one of all(".over")) one.classList.remove("over");
  }
  // The card before which it would come; none at the end of the lane.
  function following(lane, y) {
    return [...lane.querySelectorAll(".brief")].find((card) => {
      const box = card.getBoundingClientRect();
      return card !== held && y < box.top + box.height / 2;
    });
  }
  board.addEventListener("dragstart", (event) => {
    held = event.target.closest?.("[data-brief]");
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.querySelector("h3").textContent);
    held.classList.add("held");
    for (const lane of all(".lane")) lane.classList.add(goes(lane) ? "may" : "not");
  });
  board.addEventListener("dragover", (event) => {
    const lane = event.target.closest?.(".lane");
    if (!held || !lane) return;
    // A lane into which nobody can put it still takes the drop: the hub then says what would bring it there.
    event.preventDefault();
    clear();
    if (!goes(lane)) return;
    lane.classList.add("over");
    following(lane, event.clientY)?.classList.add("gap-before");
  });
  board.addEventListener("drop", (event) => {
    const lane = event.target.closest?.(".lane");
    if (!held || !lane) return;
    event.preventDefault();
    const cards = [...lane.querySelectorAll(".brief")].filter((card) => card !== held);
    const next = following(lane, event.clientY);
    const above = next ? cards[cards.indexOf(next) - 1] : cards[cards.length - 1];
    move(held, lane.dataset.lane, above?.dataset.brief ?? 0, false);
  });
  board.addEventListener("dragend", () => {
    held?.classList.remove("held");
    held = null;
    clear();
    for (const lane of all(".lane")) lane.classList.remove("may", "not");
  });
})();
