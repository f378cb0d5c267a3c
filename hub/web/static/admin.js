// What the admin pages need a script for: a large file shows how much of it was sent, and one that is too large is told
// of before it is sent. Without this file the form is sent as any other.
"use strict";

(() => {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("form[data-upload]");
    if (!form) return;
    const file = form.querySelector("input[type=file][name=file]");
    const most = Number(form.dataset.most);
    const bar = form.querySelector("[data-share]");
    if (file.files[0]?.size > most) {
      event.preventDefault();
      tell(form, `This file has ${Math.ceil(file.files[0].size / 1e6)} MB; this page takes up to ${Math.floor(most / 1e6)} MB. On the hub's own machine \`hub import\` takes a file of any size.`);
      return;
    }
    event.preventDefault();
    const sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.setRequestHeader("Accept", "text/html");
    sending.upload.addEventListener("progress", (moved) => {
      if (moved.lengthComputable) bar.value = (100 * moved.loaded) / moved.total;
    });
    sending.addEventListener("load", () => {
      if (sending.status < 400) { location.href = sending.responseURL; return; }
      const page = new DOMParser().parseFromString(sending.responseText, "text/html");
      tell(form, page.querySelector("[role=alert]")?.textContent.trim() || page.querySelector("main")?.textContent.trim() || "The hub did not take it.");
    });
    sending.addEventListener("error", () => tell(form, "The file did not arrive. Look at your network, then try again."));
    bar.hidden = false;
    form.querySelector("button").disabled = true;
    sending.send(new FormData(form));
  });

  function tell(form, text) {
    let place = form.querySelector("[data-told]");
    if (!place) {
      place = document.createElement("div");
      place.className = "notice bad";
      place.dataset.told = "";
      place.setAttribute("role", "alert");
      form.prepend(place);
    }
    place.textContent = text;
    form.querySelector("[data-share]").hidden = true;
    form.querySelector("button").disabled = false;
  }
})();
