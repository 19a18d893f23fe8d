/** A connection that a listener was asked for and that is not there yet: struct tcp_request_sock. */
import type { Nanos } from "../../sim/time.ts";
import type { IpAddress, TcpPath } from "./family.ts";
import type { TcpSocket } from "./socket.ts";

export interface Request {
  readonly listener: TcpSocket;
  readonly localAddr: IpAddress;
  readonly localPort: number;
  readonly remoteAddr: IpAddress;
  readonly remotePort: number;
  readonly irs: number;
  readonly iss: number;
  readonly path: TcpPath;
  /** What the SYN offered. */
  readonly mss: number;
  readonly wscale: number;
  readonly sackOk: boolean;
  readonly timestamps: boolean;
  readonly tsOffset: number;
  tsRecent: number;
  /** What our SYN-ACK says. */
  readonly rcvWnd: number;
  readonly rcvWscale: number;
  readonly advmss: number;
  readonly sentAt: Nanos;
  /** SYN-ACKs sent again. */
  retransmits: number;
  timer: number;
  expires: Nanos;
  readonly mark: number;
}
