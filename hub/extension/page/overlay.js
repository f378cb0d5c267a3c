/**
 * The look-up over the page. It is a page of the extension in a frame: what is typed and found there is in another
 * process, and the visited page can neither read it nor reach its keys. The frame hangs in a closed shadow tree, so the
 * page cannot get hold of it to send it elsewhere; it stays blank unless its ticket came from the worker; and the look-up
 * itself refuses clicks while the page covers it (`surfaces/overlay_page.js`).
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.overlay !== undefined) return; // run in this frame already, with what it remembers

  const FILE = "surfaces/overlay.html";
  const COMES_WITHIN = 4_000;

  /** @type {{place: any, dialog: HTMLDialogElement, port: MessagePort, context: any}|null} */
  let shown = null;

  /** @param {{ticket: string, question: string}} asked @param {Promise<{record: any, terms: any[]}>} seen */
  function open({ ticket, question }, seen) {
    if (shown !== null && !shown.place.gone()) {
      show(shown);
      return;
    }
    close();
    ours.shade.hush();
    const place = ours.shade.stand();
    const dialog = place.root.appendChild(ours.dom.create("dialog"));
    dialog.setAttribute("aria-label", "Look up in the hub");
    const frame = ours.dom.create("iframe");
    frame.title = "Look up in the hub";
    const { port1: port, port2: theirs } = new MessageChannel();
    frame.addEventListener("load", () => frame.contentWindow?.postMessage({ ticket, question }, ours.link.origin(), [theirs]), { once: true });
    frame.src = `${ours.link.addressOf(FILE)}#${ticket}`;
    dialog.append(frame);
    shown = { place, dialog, port, context: null };
    const mine = shown;
    const late = setTimeout(() => {
      if (shown !== mine) return;
      close();
      ours.shade.say("This page does not let the look-up be shown over it. Use the hub's button in the toolbar.");
    }, COMES_WITHIN);
    port.onmessage = ({ data }) => {
      if (data.do === "begin") {
        clearTimeout(late);
        seen.then((context) => { mine.context = context; port.postMessage({ context }); });
      }
      if (data.do === "close") close();
      if (data.do === "insert") insert(mine, data);
    };
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
    dialog.addEventListener("click", (event) => { if (event.isTrusted && event.target === dialog) close(); });
    show(mine);
  }

  function show({ dialog }) {
    if (!dialog.open) dialog.showModal();
    dialog.firstChild.focus();
  }

  /** Away with it; the focus goes back to where it was. */
  function close() {
    if (shown === null) return;
    const { place, dialog, port } = shown;
    shown = null;
    port.close();
    if (dialog.open) dialog.close();
    place.remove();
  }

  /** While it is shown nothing else may have the focus, so it steps aside, and comes back when nothing went in. */
  async function insert(mine, { slug, deal, found, title }) {
    mine.dialog.close();
    let done;
    try {
      done = await ours.link.ask("insert-here", { slug, deal, found });
    } catch (trouble) {
      done = { inserted: false, says: trouble.message };
    }
    if (done.inserted) {
      if (shown === mine) close();
      ours.shade.say(done.says || `Inserted: ${title}`);
    } else if (shown === mine && !mine.place.gone()) {
      show(mine);
      mine.port.postMessage({ refused: done.says });
    }
  }

  ours.overlay = { open, close };
})();
