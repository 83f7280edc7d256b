import { parseArgs } from 'node:util';
import { LogRecord } from '../src/parse/log-record.ts';
import { Usage } from '../src/usage/usage.ts';
import { median } from './process.ts';
import { NO_KEYS, USAGE_OPTIONS } from './usage-options.ts';

/**
 * Accounting alone: nanoseconds a record, of prepared records that one reused LogRecord goes through as it does
 * behind a parser. What filling the record costs is measured apart and taken off.
 */
const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '2000000' },
    keys: { type: 'string', default: '200' },
    endpoints: { type: 'string', default: '10' },
    ips: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
  },
});
const LINES = Number(options.lines);
const KEYS = Number(options.keys);
const IPS = Number(options.ips);
const STATUSES = [200, 200, 200, 200, 200, 200, 200, 200, 200, 201, 204, 200, 404, 422, 429, 500];
const PREPARED = 1 << 16;
const START = Math.floor(Date.now() / 1000) - 3_600;

const KEY_BYTES = 8;
const bytes = Buffer.alloc(KEYS * KEY_BYTES + 7);
for (let key = 0; key < KEYS; key++) bytes.write(`key_${String(key).padStart(4, '0')}`, key * KEY_BYTES);
bytes.write('GETPOST', KEYS * KEY_BYTES);
const templates = Array.from({ length: Number(options.endpoints) }, (_, i) => {
  const surface = ['contacts', 'conversations', 'knowledge', 'tags', 'analytics'][i % 5];
  return { text: Buffer.from(`/v1/${surface}/:id/list${String.fromCharCode(97 + (i % 26))}${i}`), surface };
});
/** By prepared record: key, endpoint, address, status. */
const prepared = Int32Array.from({ length: PREPARED * 4 }, (_, i) => {
  const mixed = Math.imul((i >>> 2) ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const part = i & 3;
  if (part === 0) return mixed % KEYS;
  if (part === 1) return (mixed >>> 5) % templates.length;
  if (part === 2) return (Math.floor((i >>> 2) / KEYS) + (mixed >>> 20)) % IPS;
  return STATUSES[(mixed >>> 8) % STATUSES.length];
});

const record = new LogRecord();
record.bytes = bytes;
record.key = bytes;

/** Fills the record with line i; every field a parser writes. */
function fill(i: number): void {
  const at = (i & (PREPARED - 1)) * 4;
  const key = prepared[at];
  const { text, surface } = templates[prepared[at + 1]];
  record.timestampMs = (START + (i / LINES) * 3_600) * 1000;
  record.status = prepared[at + 3];
  record.durationSeconds = (5 + (i % 400)) / 1000;
  record.keyStart = key * KEY_BYTES;
  record.keyEnd = record.keyStart + KEY_BYTES;
  record.methodStart = KEYS * KEY_BYTES + (i % 3 === 0 ? 3 : 0);
  record.methodEnd = record.methodStart + (i % 3 === 0 ? 4 : 3);
  record.template = text;
  record.templateEnd = text.length;
  record.surfaceStart = 4;
  record.surfaceEnd = 4 + surface.length;
  record.ipFamily = 4;
  record.ip3 = 0x0a000000 + key * 0x10000 + prepared[at + 2];
}

const registry = {
  ...NO_KEYS,
  scopeOf: (method: string, template: string) =>
    `${template.split('/')[2]}:${method === 'GET' ? 'read' : 'write'}`,
};

/** The reference, so that figures of a busy machine compare: JSON.parse of one such line. */
const LINE = JSON.stringify({
  timestamp: '2026-05-01T10:00:00.123Z',
  keyId: 'key_0001',
  method: 'GET',
  endpoint: '/v1/contacts/123456/listb',
  status: 200,
  ip: '10.0.0.1',
  durationMs: 123,
  requestId: 'r'.repeat(27),
});
const SLICE = 8_192;
let sink = 0;
const slices = { fill: [] as number[], account: [] as number[], reference: [] as number[] };

function timed(into: number[], each: (i: number) => void, from: number): void {
  const started = performance.now();
  for (let i = from; i < from + SLICE; i++) each(i);
  into.push(((performance.now() - started) / SLICE) * 1e6);
}

const committing: number[] = [];
for (let round = 0; round < Number(options.rounds); round++) {
  const usage = new Usage(USAGE_OPTIONS, registry, Date.now);
  for (let from = 0; from + SLICE <= LINES; from += SLICE) {
    timed(
      slices.account,
      (i) => {
        fill(i);
        usage.account(record);
      },
      from,
    );
    if (from % (SLICE * 8) !== 0) continue;
    timed(
      slices.fill,
      (i) => {
        fill(i);
        sink += record.keyStart + record.ip3;
      },
      from,
    );
    timed(
      slices.reference,
      () => {
        sink += JSON.parse(LINE).status;
      },
      from,
    );
  }
  const started = performance.now();
  const changes = usage.changes(Date.now() / 1000, 1);
  usage.markCommitted();
  sink += usage.facts(Date.now() / 1000, 1, true).length;
  committing.push(performance.now() - started);
  if (round === 0)
    console.log(`${KEYS} keys, ${changes.series.length} series, ${changes.ips.length} key-address pairs`);
}

/** Of many short slices the tenth fastest hundredth: what the work takes while nobody else has the core. */
const best = (times: number[]): number => [...times].sort((a, b) => a - b)[Math.floor(times.length / 10)];
for (const [name, of] of [
  ['undisturbed', best],
  ['median', median],
] as const) {
  const own = of(slices.account) - of(slices.fill);
  console.log(
    `${name}: ${own.toFixed(0)} ns a line, ${Math.round(1e9 / own).toLocaleString('en-US')} lines/s, ` +
      `${(of(slices.reference) / own).toFixed(1)} times JSON.parse of the line`,
  );
}
console.log(`changes, settle and facts of all of it: ${median(committing).toFixed(1)} ms`);
if (sink === 0) console.log();
