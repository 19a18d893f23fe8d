/**
 * A packet in flight, after the kernel's struct sk_buff: a header object over a block of octets with headroom, so that a
 * header is pushed without a copy; copies share the block until somebody writes. Both are pooled: a hop allocates nothing.
 * It stands in `sim` because cables carry it; what its octets mean is the kernel's business.
 */

/** Octets before the first header: room for encapsulations. */
const HEADROOM = 128;
/** Most frames fit; a bigger one gets a block of its own size, which is not pooled. */
const BLOCK_SIZE = 2048;
const SLAB_BLOCKS = 256;

export interface Block {
  bytes: Uint8Array;
  refs: number;
  pooled: boolean;
}

export class Skb {
  block!: Block;
  /** The block's octets; `data` to `tail` is the packet. */
  bytes!: Uint8Array;
  data = 0;
  tail = 0;
  /** Where the network header begins (an offset into `bytes`). */
  network = 0;
  /** Where the transport header begins. */
  transport = 0;
  /** Where the link-layer header began; -1: it never had one. */
  mac = -1;
  /** Number of this packet in the simulation, and of the one it was copied from (0: none). */
  id = 0;
  parent = 0;
  /** Cables crossed since it was last routed: a bridge loop shows here. */
  hops = 0;
  mark = 0;
  /** EtherType, as the receiving device found it. */
  protocol = 0;
  /** What the receiving device said: 0 host, 1 broadcast, 2 multicast, 3 other host, 4 outgoing (linux/if_packet.h). */
  pktType = 0;
  /** Device that received it, or that it goes out by: the kernel's. */
  dev: unknown = undefined;
  /** Route chosen for it. */
  dst: unknown = undefined;
  /** Control data of the stage that holds it, as skb->cb. */
  cb: unknown = undefined;
  cbN = 0;
  /** The connection it belongs to, and how (enum ip_conntrack_info): skb->_nfct. */
  nfct: unknown = undefined;
  nfctinfo = 0;

  get length(): number {
    return this.tail - this.data;
  }

  /** Makes room for `n` octets before the packet. @returns where they begin. */
  push(n: number): number {
    if (this.data < n || this.block.refs > 1) this.unshare(n);
    this.data -= n;
    return this.data;
  }

  pull(n: number): void {
    this.data += n;
  }

  /** Call before writing: gives this copy octets of its own when others share them. */
  unshare(headroom = 0): void {
    if (this.block.refs === 1 && this.data >= headroom) return;
    const old = this.block;
    const room = Math.max(HEADROOM, headroom);
    const length = this.tail - this.data;
    // The mac header may lie before `data`; keep what is there.
    const keep = this.mac >= 0 && this.mac < this.data ? this.data - this.mac : 0;
    const fresh = takeBlock(room + keep + length);
    const shift = room + keep - this.data;
    fresh.bytes.set(old.bytes.subarray(this.data - keep, this.tail), room);
    this.block = fresh;
    this.bytes = fresh.bytes;
    this.data += shift;
    this.tail += shift;
    this.network += shift;
    this.transport += shift;
    if (this.mac >= 0) this.mac = keep > 0 || this.mac + shift >= 0 ? this.mac + shift : -1;
    dropBlock(old);
  }

  /** Another header object over the same octets. */
  clone(id: number): Skb {
    const c = pool.pop() ?? new Skb();
    c.block = this.block;
    this.block.refs++;
    c.bytes = this.bytes;
    c.data = this.data;
    c.tail = this.tail;
    c.network = this.network;
    c.transport = this.transport;
    c.mac = this.mac;
    c.id = id;
    c.parent = this.id;
    c.hops = this.hops;
    c.mark = this.mark;
    c.protocol = this.protocol;
    c.pktType = this.pktType;
    c.dev = this.dev;
    c.dst = undefined;
    c.cb = undefined;
    c.cbN = 0;
    c.nfct = this.nfct;
    c.nfctinfo = this.nfctinfo;
    return c;
  }

  /** The end of this packet: nobody may touch it after. */
  free(): void {
    dropBlock(this.block);
    this.block = NO_BLOCK;
    this.bytes = NO_BLOCK.bytes;
    this.dev = undefined;
    this.dst = undefined;
    this.cb = undefined;
    this.nfct = undefined;
    if (pool.length < 4096) pool.push(this);
  }
}

const NO_BLOCK: Block = { bytes: new Uint8Array(0), refs: 0x7fffffff, pooled: false };
// Pools are the process's, not a simulation's: they hold free memory only, nothing that can be seen.
const pool: Skb[] = [];
const blocks: Block[] = [];

function takeBlock(size: number): Block {
  if (size > BLOCK_SIZE) return { bytes: new Uint8Array(size), refs: 1, pooled: false };
  let block = blocks.pop();
  if (!block) {
    const slab = new Uint8Array(SLAB_BLOCKS * BLOCK_SIZE);
    for (let i = 0; i < SLAB_BLOCKS; i++) blocks.push({ bytes: slab.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE), refs: 0, pooled: true });
    block = blocks.pop()!;
  }
  block.refs = 1;
  return block;
}

function dropBlock(block: Block): void {
  if (--block.refs === 0 && block.pooled) blocks.push(block);
}

/** A packet of `length` octets (whatever they held before) with headroom. `id` comes from the simulation. */
export function allocSkb(length: number, id: number): Skb {
  const s = pool.pop() ?? new Skb();
  s.block = takeBlock(HEADROOM + length);
  s.bytes = s.block.bytes;
  s.data = HEADROOM;
  s.tail = HEADROOM + length;
  s.network = s.data;
  s.transport = s.data;
  s.mac = -1;
  s.id = id;
  s.parent = 0;
  s.hops = 0;
  s.mark = 0;
  s.protocol = 0;
  s.pktType = 0;
  s.nfct = undefined;
  s.nfctinfo = 0;
  return s;
}
