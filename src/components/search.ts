/** The pagefind client, as far as it is used here: https://pagefind.app/docs/api/ */
interface Pagefind {
  init(): Promise<void>;
  debouncedSearch(query: string, options?: object, wait?: number): Promise<{ results: { data(): Promise<Found> }[] } | null>;
}
interface Found {
  url: string;
  excerpt: string;
  meta: { title?: string };
  sub_results: { title: string; url: string; excerpt: string }[];
}

const SHOWN = 8;
let client: Promise<Pagefind> | undefined;

/** Fetched once. A failure is forgotten, so that the next try may succeed. */
function pagefind(): Promise<Pagefind> {
  client ??= import(/* @vite-ignore */ new URL("/pagefind/pagefind.js", location.href).href).then(
    async (module: Pagefind) => {
      await module.init();
      return module;
    },
    (error: unknown) => {
      client = undefined;
      throw error;
    },
  );
  return client;
}

const plain = (html: string): string => new DOMParser().parseFromString(html, "text/html").body.textContent;

/** An excerpt is text in which only <mark> is markup. */
function excerptOf(html: string): HTMLElement {
  const line = document.createElement("p");
  for (const [i, piece] of html.split(/<\/?mark>/).entries()) {
    if (!piece) continue;
    const text = plain(piece.replace(/^ | $/g, "\u00a0")).replace(/\u00a0/g, " ");
    if (i % 2 === 0) line.append(text);
    else line.append(Object.assign(document.createElement("mark"), { textContent: text }));
  }
  return line;
}

function itemOf(found: Found): HTMLLIElement {
  const best = found.sub_results[0];
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = best?.url ?? found.url;
  const title = found.meta.title ?? found.url;
  link.append(Object.assign(document.createElement("b"), { textContent: title }));
  if (best && best.title !== title) link.append(Object.assign(document.createElement("span"), { textContent: best.title }));
  link.append(excerptOf(best?.excerpt ?? found.excerpt));
  item.append(link);
  return item;
}

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName) || target.closest(".xterm") !== null);

class Search extends HTMLElement {
  #stop = new AbortController();
  #latest = "";

  get #button(): HTMLButtonElement | null {
    return this.querySelector<HTMLButtonElement>(":scope > button");
  }
  get #panel(): HTMLElement | null {
    return this.querySelector<HTMLElement>(".search");
  }
  get #input(): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>("input");
  }

  connectedCallback(): void {
    const { signal } = this.#stop;
    this.#button?.addEventListener("click", () => (this.#panel?.hidden ? this.#open() : this.#close()), { signal });
    this.querySelector("[data-close]")?.addEventListener("click", () => this.#close(), { signal });
    this.querySelector("form")?.addEventListener("submit", (event) => this.#goToFirst(event), { signal });
    this.#input?.addEventListener("input", () => void this.#search(), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("keydown", (event) => this.#shortcut(event), { signal });
    document.addEventListener("click", (event) => this.#outside(event), { signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  #shortcut(event: KeyboardEvent): void {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || inField(event.target)) return;
    event.preventDefault();
    this.#open();
  }

  #outside(event: MouseEvent): void {
    if (!this.#panel?.hidden && event.target instanceof Node && !this.contains(event.target)) this.#hide();
  }

  #open(): void {
    const panel = this.#panel;
    if (!panel) return;
    panel.hidden = false;
    this.#button?.setAttribute("aria-expanded", "true");
    this.#input?.focus();
    this.#input?.select();
    pagefind().catch(() => this.#say(import.meta.env.DEV ? (this.dataset.dev ?? "") : (this.dataset.failed ?? "")));
  }

  #hide(): void {
    if (this.#panel) this.#panel.hidden = true;
    this.#button?.setAttribute("aria-expanded", "false");
  }

  #close(): void {
    this.#hide();
    this.#button?.focus();
  }

  /** Escape closes; the arrows walk from the field through what was found. */
  #key(event: KeyboardEvent): void {
    if (this.#panel?.hidden) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.#close();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops: HTMLElement[] = [...(this.#input ? [this.#input] : []), ...this.querySelectorAll<HTMLElement>(".search-found a")];
    const at = stops.findIndex((stop) => stop === document.activeElement);
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  #goToFirst(event: SubmitEvent): void {
    event.preventDefault();
    this.querySelector<HTMLAnchorElement>(".search-found a")?.click();
  }

  #say(text: string): void {
    const status = this.querySelector<HTMLElement>(".search-status");
    if (status) status.textContent = text;
  }

  async #search(): Promise<void> {
    const query = this.#input?.value.trim() ?? "";
    this.#latest = query;
    const list = this.querySelector<HTMLElement>(".search-found");
    if (!query) {
      list?.replaceChildren();
      this.#say(this.dataset.hint ?? "");
      return;
    }
    try {
      const answer = await (await pagefind()).debouncedSearch(query, {}, 120);
      if (!answer || this.#latest !== query) return; // a later keystroke has taken over
      const found = await Promise.all(answer.results.slice(0, SHOWN).map((result) => result.data()));
      if (this.#latest !== query) return;
      list?.replaceChildren(...found.map(itemOf));
      this.#say(this.#countText(answer.results.length, query));
    } catch {
      this.#say(import.meta.env.DEV ? (this.dataset.dev ?? "") : (this.dataset.failed ?? ""));
    }
  }

  #countText(n: number, query: string): string {
    if (n === 0) return `${this.dataset.none ?? ""} "${query}".`;
    if (n === 1) return this.dataset.one ?? "";
    return (this.dataset.many ?? "").replace("0", String(n));
  }
}

customElements.define("pw-search", Search);
