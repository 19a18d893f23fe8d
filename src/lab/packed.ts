/**
 * One seed's variant of a lab as plain JSON. A page is built with that of the seed that most readers have: reading and
 * checking YAML costs a cold engine more than building the network.
 */
import type { ResolvedLab } from "./load.ts";
import type { Lab, LabText } from "./schema.ts";

export interface PackedLab {
  readonly id: string;
  readonly seed: number;
  readonly digest: string;
  readonly lab: Lab;
  readonly texts: readonly (readonly [lang: string, text: LabText])[];
  readonly macs: readonly (readonly [end: string, mac: string])[];
  readonly parameters: readonly (readonly [name: string, text: string])[];
}

/** Without the solution and the other ways: they do not leave the author's machine. */
export function packLab({ id, seed, digest, lab, texts, macs, parameters }: ResolvedLab): PackedLab {
  return { id, seed, digest, lab, texts: [...texts], macs: [...macs], parameters: [...parameters] };
}

export function unpackLab(p: PackedLab): ResolvedLab {
  return { id: p.id, seed: p.seed, digest: p.digest, lab: p.lab, texts: new Map(p.texts), macs: new Map(p.macs), solution: undefined, wrong: [], also: [], parameters: new Map(p.parameters) };
}
