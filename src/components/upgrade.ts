/**
 * Fetches each live element of a page when it comes near the screen, so that reading costs no engine.
 * `eager` on an element (the lab room) skips the waiting.
 */
const elements = import.meta.glob("../ui/elements/*.ts");

function load(tag: string): void {
  const fetchElement = elements[`../ui/elements/${tag}.ts`];
  fetchElement?.().catch((error: unknown) => console.error(`<${tag}> did not load`, error));
}

function watch(): void {
  const seen = new Set<string>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const tag = entry.target.localName;
        if (!entry.isIntersecting || seen.has(tag)) continue;
        seen.add(tag);
        load(tag);
      }
    },
    { rootMargin: "400px" },
  );
  for (const path of Object.keys(elements)) {
    const tag = path.slice(path.lastIndexOf("/") + 1, -".ts".length);
    for (const element of document.querySelectorAll(tag)) {
      if (element.hasAttribute("eager")) load(tag);
      else observer.observe(element);
    }
  }
}

watch();
