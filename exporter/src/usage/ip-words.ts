/** Third word of an IPv4 address as four words: IPv4-mapped IPv6. */
export const MAPPED_V4 = 0xffff;

/** The four words of a stored address. */
export function wordsOf(ip: Uint8Array): [number, number, number, number] {
  const word = (at: number): number => (ip[at] << 24) | (ip[at + 1] << 16) | (ip[at + 2] << 8) | ip[at + 3];
  return ip.length === 4 ? [0, 0, MAPPED_V4, word(0)] : [word(0), word(4), word(8), word(12)];
}
