type Theme = "light" | "dark" | "system";

const ICONS: Record<Theme, string> = {
  light: '<circle cx="8" cy="8" r="3"/><path d="M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1"/>',
  dark: '<path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z"/>',
  system: '<path d="M1.8 2.8h12.4v8.4H1.8zM5.5 13.8h5M8 11.2v2.6"/>',
};

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** From the system's theme to the other one, then to the system's own by name, then back to the system. */
function following(theme: Theme): Theme {
  const [system, other]: Theme[] = systemIsDark.matches ? ["dark", "light"] : ["light", "dark"];
  if (theme === "system") return other ?? "dark";
  return theme === other ? (system ?? "light") : "system";
}

function keep(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage may be forbidden. The choice then holds for this page.
  }
}

class ThemeSwitch extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    const { signal } = this.#stop;
    this.querySelector("button")?.addEventListener("click", () => this.#turn(), { signal });
    systemIsDark.addEventListener("change", () => this.#show(), { signal });
    this.#show();
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  #turn(): void {
    keep(following(chosen()));
    this.#show();
  }

  #show(): void {
    const next = following(chosen());
    const button = this.querySelector("button");
    const icon = this.querySelector("svg");
    if (!button || !icon) return;
    const name = this.dataset[next] ?? "";
    button.setAttribute("aria-label", name);
    button.title = name;
    icon.innerHTML = ICONS[next];
  }
}

customElements.define("pw-theme", ThemeSwitch);
