import assert from "node:assert/strict";
import { test } from "node:test";

import { forOutside, marked, plainText } from "../../hub/extension/library/texts.js";

test("links lead home from anywhere, and what only the hub's pages need is gone", () => {
  const html = '<h2 id="h-a" class="x">A</h2><p><a href="/assets/b?c=1" tabindex="0">b</a> <a href="https://x.example/y" title="a > b">y</a> <a href="#h-a">here</a></p>';
  assert.equal(forOutside(html, "https://hub.example.com"), '<h2>A</h2><p><a href="https://hub.example.com/assets/b?c=1">b</a> <a href="https://x.example/y" title="a > b">y</a> <a>here</a></p>');
});

test("an address without a scheme is not taken for one of the hub", () => {
  assert.equal(forOutside('<img src="//evil.example/x.png" alt="k">', "https://h"), '<img alt="k">');
});

test("plain text keeps paragraphs, lists, tables and code readable", () => {
  const html = "<h2>Hi &amp; bye</h2>\n<p>One <b>two</b><br>three</p>\n<ul>\n<li>a</li>\n<li>\n<p>b</p>\n</li>\n</ul>\n<table><tr><th>x</th><td>y</td></tr></table><pre><code>  a\n   b</code></pre>";
  assert.equal(plainText(html), "Hi & bye\n\nOne two\nthree\n\n- a\n- b\n\nx\ty\n\n  a\n   b");
});

test("what looks like markup in a text stays text", () => {
  assert.equal(plainText("<p>1 &lt; 2 &amp;lt; &#60;b&#62; &nope; &#x1F680; &#0;</p>"), "1 < 2 &lt; <b> &nope; 🚀");
  assert.deepEqual(marked("a &lt;i&gt; <mark>c</mark>"), [{ text: "a <i> ", mark: false }, { text: "c", mark: true }]);
});
