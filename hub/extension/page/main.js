/** What happens in a page: who is listened to, what is done. May be run twice in a frame, and after an update again. */
"use strict";

(() => {
  const ours = globalThis[Symbol.for("hub.page")];
  if (ours.leave !== undefined && ours.link.isAlive()) return;
  const isTop = window === window.top;

  const deeds = {
    async insert({ html, text, audience, use }) {
      const { outward } = await ours.sight.rules();
      const around = [self.origin, ...location.ancestorOrigins];
      if (audience === "internal" && around.some((origin) => ours.recognise.isOn(origin, outward))) {
        return { inserted: false, says: "This is for inside only, and what is written on this site goes out." };
      }
      const done = await ours.insert.insert({ html, text });
      if (done.inserted) await ours.link.ask("record-use", use).catch(() => {}); // the worker does it too, if it still can
      return done;
    },
    async "open-overlay"({ question, ticket }) {
      if (isTop) ours.overlay.open({ ticket, question: question ?? "" }, ours.sight.look().catch(() => ({ record: null, terms: [] })));
      return null;
    },
    async recognise() {
      return { ...(await ours.sight.look()), editable: ours.fields.lastField() !== null };
    },
    async leave() {
      ours.leave();
      return null;
    },
  };

  const stops = [
    ours.fields.watch((editable) => { if (ours.link.isAlive()) ours.link.tell("focus", { editable }); else ours.leave(); }),
    ours.link.answerTo(deeds),
  ];
  if (isTop) {
    // Pages of CRMs change their address without loading; the browser says so here whatever way they do it.
    const moved = () => { if (ours.link.isAlive()) ours.sight.lookSoon(); else ours.leave(); };
    globalThis.navigation?.addEventListener("navigatesuccess", moved);
    stops.push(() => globalThis.navigation?.removeEventListener("navigatesuccess", moved), ours.sight.stop);
    ours.sight.lookSoon();
  }

  ours.leave = () => {
    for (const stop of stops.splice(0)) stop();
    ours.overlay.close();
    ours.shade.hush();
    delete ours.leave;
  };
})();
