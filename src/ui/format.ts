/** Numbers as the book prints them. */

/** "12.480 037": seconds with six decimals, in groups of three, cut and not rounded (the clock must not run ahead). */
export function formatSeconds(nanos: number): string {
  const micros = Math.floor(Math.max(0, nanos) / 1000);
  const fraction = String(micros % 1_000_000).padStart(6, "0");
  return `${Math.floor(micros / 1_000_000)}.${fraction.slice(0, 3)}\u2009${fraction.slice(3)}`;
}

/** The same without thin spaces, for places that are read aloud or copied. */
export function plainSeconds(nanos: number): string {
  return formatSeconds(nanos).replace("\u2009", "");
}

/** "40 µs", "1.5 ms", "2 s" */
export function formatDelay(nanos: number): string {
  const units: readonly (readonly [number, string])[] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const [size, unit] = units.find(([size]) => nanos >= size) ?? [1, "ns"];
  const value = nanos / size;
  return `${Number.isInteger(value) ? value : value.toFixed(value < 10 ? 2 : 1).replace(/\.?0+$/, "")} ${unit}`;
}

/** "0.06x": how fast the virtual clock runs. Two figures are enough. */
export function formatFactor(factor: number): string {
  if (factor >= 10) return String(Math.round(factor));
  if (factor >= 1) return String(Math.round(factor * 10) / 10);
  if (factor < 0.001) return "0.001";
  return String(Number(factor.toPrecision(1)));
}

/** Octets as a capture shows them: "00 1f", and what of them is text. */
export function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
}
