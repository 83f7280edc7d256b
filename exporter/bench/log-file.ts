import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a generated request log is like. Everything follows from these numbers: the same shape gives the same file. */
export interface LogShape {
  lines: number;
  keys: number;
  /** Different endpoint templates in all; each key uses its own run of them. */
  endpointsPerKey: number;
  /** Different addresses a key. */
  ipsPerKey: number;
}

export const BYTES_PER_LINE = 190;
const SURFACES = [
  'contacts',
  'conversations',
  'knowledge',
  'tags',
  'analytics',
  'users',
  'search',
  'webhooks',
];
const STATUSES = [200, 200, 200, 200, 200, 200, 200, 200, 200, 201, 204, 200, 404, 422, 429, 500];

/**
 * Writes (once, kept in `directory`) a json request log whose lines are exactly BYTES_PER_LINE long, newline
 * included, spread evenly over the last hour before `endMs`.
 */
export function benchLog(directory: string, shape: LogShape, endMs = Date.now()): string {
  mkdirSync(directory, { recursive: true });
  const name = `${shape.lines}-${shape.keys}-${shape.endpointsPerKey}-${shape.ipsPerKey}.log`;
  const path = join(directory, name);
  if (existsSync(path) && Date.now() - statSync(path).mtimeMs < 3_600_000) return path;
  const file = openSync(`${path}.part`, 'w');
  const block = Buffer.alloc(BYTES_PER_LINE * 10_000);
  let used = 0;
  for (let i = 0; i < shape.lines; i++) {
    const at = endMs - 3_600_000 + Math.floor((i / shape.lines) * 3_600_000);
    block.write(benchLine(i, shape, at), used, 'latin1');
    used += BYTES_PER_LINE;
    if (used === block.length || i === shape.lines - 1) {
      writeSync(file, block, 0, used);
      used = 0;
    }
  }
  closeSync(file);
  renameSync(`${path}.part`, path);
  return path;
}

/** Line number i of a log, BYTES_PER_LINE long. */
export function benchLine(i: number, shape: LogShape, atMs: number): string {
  const mixed = Math.imul(i ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const key = mixed % shape.keys;
  // Consecutive visits of one key walk through its endpoints and addresses, so that all of them occur.
  const visit = Math.floor(i / shape.keys) + (mixed >>> 20);
  const endpoint = visit % shape.endpointsPerKey;
  const address = visit % shape.ipsPerKey;
  const surface = SURFACES[endpoint % SURFACES.length];
  const path = `/v1/${surface}/${100000 + (mixed % 900000)}/${word(Math.floor(endpoint / SURFACES.length))}`;
  const ip = `${10 + (key % 200)}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  const status = STATUSES[(mixed >>> 8) % STATUSES.length];
  const head =
    `{"timestamp":"${new Date(atMs).toISOString()}","keyId":"key_${String(key).padStart(4, '0')}",` +
    `"method":"${endpoint % 3 === 0 ? 'POST' : 'GET'}","endpoint":"${path}","status":${status},` +
    `"ip":"${ip}","durationMs":${5 + (mixed % 400)},"requestId":"`;
  return `${head}${'r'.repeat(Math.max(0, BYTES_PER_LINE - head.length - 3))}"}\n`;
}

/** Letters only: a segment that looks like an id would become one template. */
function word(n: number): string {
  let letters = '';
  for (let rest = n + 1; rest > 0; rest = Math.floor(rest / 20)) letters += 'bcdfghjklmnpqrstvwxz'[rest % 20];
  return `list${letters}`;
}
