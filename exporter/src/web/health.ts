import type { RequestHandler } from 'express';
import type { Mirror } from '../metrics/mirror.ts';

/** Says that the process does its work. Answers anyone, so it tells nothing else. */
export function healthy(ingesting: () => boolean): RequestHandler {
  return (_, response) => {
    const well = ingesting();
    answer(response, well, well ? 'OK' : 'Not healthy: ingestion has stopped.');
  };
}

/** What /-/ready says of sharing: without Redis the exporter is ready all the same, and shows its own facts. */
const SHARING = {
  starting: 'Shared facts: not read yet.',
  up: 'Shared facts: up.',
  away: 'Shared facts: Redis is away; this exporter shows its own.',
};
export type SharingState = keyof typeof SHARING;

/**
 * Says that the bytes that were there at start are read, so that what is shown is whole. `sharing` undefined = facts
 * are not shared.
 */
export function ready(
  mirror: Mirror,
  ingesting: () => boolean,
  sharing: () => SharingState | undefined,
): RequestHandler {
  return (_, response) => {
    if (!ingesting()) return answer(response, false, 'Not ready: ingestion has stopped.');
    const done = mirror.status?.ready === true;
    const state = sharing();
    const shared = state === undefined ? '' : `\n${SHARING[state]}`;
    answer(response, done, `${done ? 'OK' : 'Not ready: still reading what was there at start.'}${shared}`);
  };
}

function answer(response: Parameters<RequestHandler>[1], well: boolean, words: string): void {
  response
    .status(well ? 200 : 503)
    .type('text/plain')
    .set('Cache-Control', 'no-store')
    .send(`${words}\n`);
}
