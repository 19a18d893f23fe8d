/** Keeps the book for reading without a network, and offers a newer edition once it has been fetched whole. */
async function keepOffline(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("/sw.js");
  const offer = (): void => {
    if (registration.waiting && navigator.serviceWorker.controller) showOffer(registration.waiting);
  };
  offer();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
}

function showOffer(worker: ServiceWorker): void {
  const note = document.querySelector<HTMLElement>("[data-new-edition]");
  if (!note) return;
  note.hidden = false;
  note.querySelector("button")?.addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage("use-new-edition");
  });
}

// Reading does not depend on it: a browser that refuses (private mode, plain http) leaves the book as it is.
addEventListener("load", () => void keepOffline().catch((error: unknown) => console.info("Not kept for offline reading:", error)));
