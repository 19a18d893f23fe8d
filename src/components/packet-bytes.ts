/** Lights octets, words and table rows that stand for the same field. `arp-req.eth` lights all of `arp-req.eth.*`. */

const sameField = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

function light(key: string | undefined): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-f]"))
    element.classList.toggle("on", key !== undefined && sameField(element.dataset.f ?? "", key));
}

const keyAt = (target: EventTarget | null): string | undefined =>
  target instanceof Element ? target.closest<HTMLElement>("[data-f]")?.dataset.f : undefined;

class PacketBytes extends HTMLElement {
  static #pinned: string | undefined;
  static #listening = false;

  connectedCallback(): void {
    if (PacketBytes.#listening) return;
    PacketBytes.#listening = true; // words lie anywhere on the page, so one set of listeners serves all frames
    for (const type of ["mouseover", "focusin"]) document.addEventListener(type, (event) => light(keyAt(event.target) ?? PacketBytes.#pinned));
    document.addEventListener("click", (event) => this.#pin(event));
  }

  /** A click on a word keeps its octets lit and brings them into view; a second click lets go. */
  #pin(event: MouseEvent): void {
    const word = event.target instanceof Element ? event.target.closest<HTMLElement>("a.ref[data-f]") : null;
    if (!word) return;
    const key = word.dataset.f ?? "";
    const octets = [...document.querySelectorAll<HTMLElement>("pw-bytes .b")].find((b) => b.checkVisibility() && sameField(b.dataset.f ?? "", key));
    if (!octets) return; // the link then leads to the field's row
    event.preventDefault();
    PacketBytes.#pinned = PacketBytes.#pinned === key ? undefined : key;
    light(PacketBytes.#pinned ?? key);
    octets.scrollIntoView({ block: "nearest" });
  }
}

customElements.define("pw-bytes", PacketBytes);
