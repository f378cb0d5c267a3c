// The service worker does one thing: when the hub cannot be reached, a page says so instead of the browser's own error.
// It keeps that page and what it needs, and nothing of anybody's work.
"use strict";

const KEPT = "offline-1";
const PAGE = "/offline";

self.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(PAGE)));
  else if (request.method === "GET" && path.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) || Response.error()));
  }
});

async function keep() {
  const cache = await caches.open(KEPT);
  const page = await fetch(PAGE, { cache: "reload", credentials: "omit" });
  const files = (await page.clone().text()).match(/\/static\/[0-9a-f]+\/[\w.-]+/g) || [];
  await cache.put(PAGE, page);
  await cache.addAll([...new Set(files)]);
}
