// Pictures to take along as PNG, and filters that send themselves. Without this file there is the SVG, and a button.
"use strict";

(() => {
  const TIMES = 2; // as fine as a good screen
  function say(text, kind = "") {
    const place = document.querySelector("#say");
    if (!place) return;
    place.className = `notice toast ${kind}`;
    place.hidden = false;
    place.textContent = "";
    setTimeout(() => { place.textContent = text; }, 30);
    setTimeout(() => { place.hidden = true; place.textContent = ""; }, 6000);
  }

  async function drawn(address) {
    const answer = await fetch(address, { headers: { accept: "image/svg+xml" } });
    if (!answer.ok) throw new Error(`The picture cannot be read (${answer.status}).`);
    const picture = new Image();
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth * TIMES;
    canvas.height = picture.naturalHeight * TIMES;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("The browser made no picture."))), "image/png"));
  }

  async function download(button) {
    button.disabled = true;
    try {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await drawn(button.dataset.png));
      link.download = button.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      say(`Not downloaded. ${error.message} Take the SVG instead.`, "bad");
    } finally {
      button.disabled = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-png]");
    if (button) download(button);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.dataset.sendsItself !== undefined) form.requestSubmit();
  });
  // What is folded away on the screen is not on paper either, except what the picture is read by.
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details.card")) one.open = true; });
})();
