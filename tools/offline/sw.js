// The book without a network. VERSION and FILES are filled in when the site is built.
const VERSION = "%VERSION%";
const FILES = ["%FILES%"];
const CACHE = `packetwalk-${VERSION}`;
const SEARCH = `${CACHE}-search`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })))),
  );
});

// A page that is open keeps the scripts it began with. It may ask for the new edition, and then reloads itself.
self.addEventListener("message", (event) => {
  if (event.data === "use-new-edition") self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOthers().then(() => self.clients.claim()));
});

async function removeOthers() {
  for (const name of await caches.keys())
    if (name.startsWith("packetwalk-") && name !== CACHE && name !== SEARCH) await caches.delete(name);
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  event.respondWith(url.pathname.startsWith("/pagefind/") ? search(event.request) : page(event.request, url));
});

async function page(request, url) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(url.pathname); // a query, as in ?seed=7, does not change the page
  if (known) return known;
  try {
    return await fetch(request);
  } catch (error) {
    const missing = request.mode === "navigate" ? await cache.match("/404.html") : undefined;
    if (missing) return missing;
    throw error;
  }
}

async function search(request) {
  const cache = await caches.open(SEARCH);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
