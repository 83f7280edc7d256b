import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { RequestHandler, Response } from 'express';
import { FORMATS, type Format, negotiate } from '../metrics/exposition-text.ts';

/** Who renders what a scrape shows. */
export interface RenderedMetrics {
  /** All of it, in blocks. */
  render(format: Format): Promise<Buffer[]>;
}

/** Scrapes answered at a time: each holds what was rendered for it until its reader has taken it. */
const AT_ONCE = 10;
/** A scrape whose reader takes nothing for so long gives way to another one, milliseconds. */
const STALLED_MS = 1_000;
/** Bytes handed on at one go. */
const STEP = 64 * 1024;

interface Scrape {
  response: Response;
  /** performance.now() when its reader last took something. */
  moved: number;
}

/** GET /metrics: format by Accept, gzip by Accept-Encoding, as fast as the reader takes it and no faster. */
export function scrapes(
  metrics: RenderedMetrics,
  scraped: (seconds: number, bytes: number) => void,
): RequestHandler {
  const underway = new Set<Scrape>();
  return async (request, response) => {
    const format = negotiate(request.headers.accept);
    const zipped = request.acceptsEncodings('gzip', 'identity') === 'gzip';
    response.set({ 'Content-Type': FORMATS[format], 'Cache-Control': 'no-store' });
    response.vary('Accept').vary('Accept-Encoding');
    if (zipped) response.set('Content-Encoding', 'gzip');
    if (request.method === 'HEAD') return void response.end();
    if (underway.size >= AT_ONCE && !cutStalled(underway)) return busy(response);
    const scrape = { response, moved: performance.now() };
    underway.add(scrape);
    response.on('close', () => underway.delete(scrape));
    const start = performance.now();
    const blocks = await metrics.render(format);
    scraped(
      (performance.now() - start) / 1000,
      blocks.reduce((bytes, block) => bytes + block.length, 0),
    );
    await send(blocks, scrape, zipped);
  };
}

async function send(blocks: Buffer[], scrape: Scrape, zipped: boolean): Promise<void> {
  const { response } = scrape;
  const sink = zipped ? createGzip({ level: 3 }) : response;
  const gone = new Promise<void>((resolve) => response.on('close', resolve));
  if (sink !== response) {
    sink.pipe(response);
    response.on('close', () => sink.destroy());
  }
  for (const step of steps(blocks)) {
    if (response.destroyed) return;
    if (!sink.write(step)) await Promise.race([once(sink, 'drain'), gone]);
    scrape.moved = performance.now();
    // A socket that takes everything at once would keep the loop for the whole of it.
    await setImmediate();
  }
  sink.end();
}

function* steps(blocks: Buffer[]): Generator<Buffer> {
  for (const block of blocks)
    for (let at = 0; at < block.length; at += STEP) yield block.subarray(at, at + STEP);
}

/** Cuts the scrape that has not moved for longest, if that is long enough. */
function cutStalled(underway: Set<Scrape>): boolean {
  let stalled: Scrape | undefined;
  for (const scrape of underway) if (!stalled || scrape.moved < stalled.moved) stalled = scrape;
  if (!stalled || performance.now() - stalled.moved < STALLED_MS) return false;
  underway.delete(stalled);
  stalled.response.destroy();
  return true;
}

function busy(response: Response): void {
  response.removeHeader('Content-Encoding');
  response.status(503).type('text/plain').set('Retry-After', '1');
  response.send('Too many scrapes are underway. Try again in 1 s.\n');
}
