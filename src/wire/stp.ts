/**
 * Bridge protocol data units of the spanning tree, IEEE 802.1D-1998 clause 9, behind an LLC header (42 42 03) in an 802.3 frame.
 * Offsets are octets after LLC. Times are in 1/256 s.
 */
export const BPDU_DST: Readonly<Uint8Array> = new Uint8Array([0x01, 0x80, 0xc2, 0, 0, 0]);
export const LLC_LEN = 3;
export const LLC_STP = 0x42;
export const BPDU_CONFIG_LEN = 35;
export const BPDU_TCN_LEN = 4;
export const BPDU = { protocol: 0, version: 2, type: 3, flags: 4, rootId: 5, rootPathCost: 13, bridgeId: 17, portId: 25, messageAge: 27, maxAge: 29, helloTime: 31, forwardDelay: 33 } as const;
export const BPDU_TYPE = { CONFIG: 0, TCN: 0x80, RST: 2 } as const;
export const BPDU_FLAG = { TOPOLOGY_CHANGE: 0x01, TOPOLOGY_CHANGE_ACK: 0x80 } as const;
