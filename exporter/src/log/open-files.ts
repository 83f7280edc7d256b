import { readFileSync } from 'node:fs';

/** What the rest of the process needs: store, connections, looks into files that are not followed. */
const LEAST_RESERVED = 48;
const MOST_RESERVED = 640;

/**
 * How many log files may be held open. Of what the process may open a quarter stays free: an exporter without
 * descriptors answers no scrape, so nobody would learn why. Infinity where the system does not tell.
 */
export function mostOpenFiles(): number {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const limit = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const reserved = Math.min(MOST_RESERVED, Math.max(LEAST_RESERVED, limit / 4));
  return Math.max(1, Math.floor(limit - reserved));
}
