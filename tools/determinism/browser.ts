/** The page of the browser runs: fetches the logs, replays them, posts the digests back to the server that gave them. */
import { digests, type LabFolders, type RecordedLog } from "./replays.ts";

const input = (await (await fetch("/input.json")).json()) as { logs: RecordedLog[]; labs: LabFolders };
let answer: { digests?: string[]; error?: string };
try {
  answer = { digests: digests(input.logs, input.labs) };
} catch (e) {
  answer = { error: String(e) };
}
await fetch("/result", { method: "POST", body: JSON.stringify(answer) });
document.body.textContent = "done";
