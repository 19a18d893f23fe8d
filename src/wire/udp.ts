/** UDP: source port, destination port, length, checksum; 8 octets. RFC 768. A checksum of 0 means none was made. */
export const UDP_LEN = 8;
export const UDP = { src: 0, dst: 2, length: 4, checksum: 6 } as const;
