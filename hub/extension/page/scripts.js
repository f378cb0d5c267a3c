/** The scripts that run in visited pages, in this order: classic ones, in the extension's own world of each frame. */
export const SCRIPTS = [
  "page/dom.js", "page/matching.js", "page/recognise.js", "page/page_text.js", "page/fields.js", "page/allowed_html.js",
  "page/insert.js", "page/link.js", "page/shade.js", "page/overlay.js", "page/sight.js", "page/main.js",
];
