/** One of the figures is shown; the others keep what they have, and stand still. */
class Either extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    const fieldset = this.querySelector("fieldset");
    if (!fieldset) return;
    fieldset.hidden = false;
    fieldset.addEventListener("change", () => this.#show(), { signal: this.#stop.signal });
    this.#show();
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  #show(): void {
    const chosen = Number(this.querySelector<HTMLInputElement>("fieldset input:checked")?.value ?? this.dataset.start);
    this.querySelectorAll<HTMLElement>(":scope > figure").forEach((figure, i) => {
      figure.hidden = i !== chosen;
      if (figure.hidden) this.#pause(figure);
    });
  }

  #pause(figure: HTMLElement): void {
    const live = figure.querySelector<HTMLElement & { pause?: () => void }>("pw-figure");
    live?.pause?.();
  }
}

customElements.define("pw-either", Either);
