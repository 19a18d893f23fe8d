/** How iptables ends when something is wrong: xtables_error() and its exit statuses. */
export const EXIT = { OTHER: 1, PARAMETER: 2, VERSION: 3, RESOURCE: 4, NOT_EMULATED: 95 } as const;

export class Fail extends Error {
  readonly text: string;
  readonly status: number;
  /** "full": with the program's name and version before it; "short": with the name only; "bare": as it is. */
  readonly style: "full" | "short" | "bare";

  constructor(text: string, status: number = EXIT.PARAMETER, style: "full" | "short" | "bare" = "full") {
    super(text);
    this.text = text;
    this.status = status;
    this.style = style;
  }
}

/** A wrong option or argument: exit 2, with the hint. */
export function wrong(text: string): never {
  throw new Fail(text);
}
