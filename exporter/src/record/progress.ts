const WIDTH = 30;
const PAUSE_MS = 100;

/** A bar on a terminal that is written over again and again; elsewhere nothing. */
export function progressBar(
  stream: NodeJS.WriteStream,
  what: string,
): { at(done: number, total: number): void; end(): void } {
  let shown = 0;
  if (!stream.isTTY) return { at() {}, end() {} };
  return {
    at(done, total) {
      const now = Date.now();
      if (now - shown < PAUSE_MS) return;
      shown = now;
      const share = total > 0 ? Math.min(1, done / total) : 1;
      const full = Math.round(share * WIDTH);
      stream.write(`\r${what} [${'#'.repeat(full)}${' '.repeat(WIDTH - full)}] ${Math.floor(share * 100)} %`);
    },
    end() {
      if (shown > 0) stream.write('\r\x1b[K');
    },
  };
}
