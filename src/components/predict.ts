class Predict extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    const { signal } = this.#stop;
    const go = this.querySelector<HTMLElement>("[data-go]");
    if (!go) return;
    go.hidden = false;
    go.querySelector("button")?.addEventListener("click", () => this.#check(), { signal });
    this.addEventListener("change", () => this.#say("", ""), { signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  #check(): void {
    const result = this.querySelector<HTMLElement>("[data-result]");
    const guess = this.querySelector<HTMLInputElement>("input:checked")?.value;
    if (!result) return;
    if (guess === undefined) return this.#say("", result.dataset.choose ?? "");
    const right = guess === this.dataset.answer;
    this.#say(right ? "right" : "wrong", (right ? result.dataset.right : result.dataset.wrong) ?? "", this.querySelector<HTMLTemplateElement>(`[data-reply="${guess}"]`));
    const details = this.querySelector("details");
    if (details) details.open = true;
  }

  /** A mark, the verdict as a word, and what there is to say to this guess. */
  #say(state: "" | "right" | "wrong", verdict: string, reply?: HTMLTemplateElement | null): void {
    const result = this.querySelector<HTMLElement>("[data-result]");
    if (!result) return;
    result.className = `res ${state}`;
    result.replaceChildren();
    if (!verdict) return;
    const word = document.createElement("b");
    word.textContent = verdict;
    result.append(word);
    if (reply) result.append(" ", reply.content.cloneNode(true));
  }
}

customElements.define("pw-predict", Predict);
