/** What remains of a connection for a minute: struct tcp_timewait_sock. It answers old segments and keeps its ports from being mistaken. */
import { type Nanos, SECOND } from "../../sim/time.ts";
import type { TcpState } from "../api.ts";
import type { IpAddress, TcpFamily, TcpPath } from "./family.ts";

export const TIMEWAIT_LEN: Nanos = 60 * SECOND;

export interface TimeWait {
  readonly family: TcpFamily;
  /** TIME_WAIT, or FIN_WAIT2 of one that no program holds. */
  state: TcpState;
  readonly localAddr: IpAddress;
  readonly localPort: number;
  readonly remoteAddr: IpAddress;
  readonly remotePort: number;
  readonly path: TcpPath | undefined;
  readonly sndNxt: number;
  rcvNxt: number;
  readonly rcvWnd: number;
  readonly rcvWscale: number;
  readonly timestamps: boolean;
  readonly tsOffset: number;
  tsRecent: number;
  tsRecentAt: Nanos;
  readonly tos: number;
  readonly mark: number;
  readonly reuse: boolean;
  readonly boundIf: number;
  timer: number;
  expires: Nanos;
}
