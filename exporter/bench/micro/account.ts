import { LogRecord } from '../../src/parse/log-record.ts';
import { Usage } from '../../src/usage/usage.ts';
import type { Micro } from '../harness/micro.ts';
import { NO_KEYS, USAGE_OPTIONS } from '../usage-options.ts';

interface AccountSize {
  keys: number;
  endpoints: number;
  ips: number;
}

const STATUSES = [200, 200, 200, 200, 200, 200, 200, 200, 200, 201, 204, 200, 404, 422, 429, 500];
/** Lines of one call. */
const LINES = 8_192;
/** Lines of an hour, after which the next one begins with new usage. */
const HOUR_LINES = 1 << 21;
const PREPARED = 1 << 16;
const KEY_BYTES = 8;

const REGISTRY = {
  ...NO_KEYS,
  scopeOf: (method: string, template: string) =>
    `${template.split('/')[2]}:${method === 'GET' ? 'read' : 'write'}`,
};

/** What JSON.parse is compared with: a line like those accounted. */
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

/** Accounting of records that are already parsed. What it takes to fill the record is subtracted. */
export function account(size: AccountSize): Micro {
  const fill = filler(size);
  const { record } = fill;
  let usage = newUsage();
  let line = 0;
  let sink = 0;
  const next = () => {
    line += LINES;
    if (line < HOUR_LINES) return;
    line = 0;
    usage = newUsage();
  };
  return {
    ...{ unit: 'line', units: LINES, reference: 'JSON.parse of the line' },
    overhead: { task: 'filling the record', of: ['accounting it'] },
    tasks: {
      'accounting it': {
        before: next,
        run: () => {
          for (let i = line; i < line + LINES; i++) {
            fill(i);
            usage.account(record);
          }
        },
      },
      'filling the record': () => {
        for (let i = 0; i < LINES; i++) {
          fill(i);
          sink += record.keyStart + record.ip3;
        }
        return sink;
      },
      'JSON.parse of the line': () => {
        for (let i = 0; i < LINES; i++) sink += JSON.parse(LINE).status;
        return sink;
      },
    },
  };
}

/** What a commit takes from usage in which every key changed, and the facts of all keys. */
export function commit(size: AccountSize): Micro {
  const fill = filler(size);
  const usage = newUsage();
  let line = 0;
  const change = () => {
    for (const end = line + LINES; line < end; line++) {
      fill(line);
      usage.account(fill.record);
    }
    line %= HOUR_LINES;
  };
  return {
    ...{ unit: 'key', units: size.keys },
    tasks: {
      'changes, marked committed, and facts': {
        before: change,
        run: () => {
          const changes = usage.changes(Date.now() / 1000, 1);
          usage.markCommitted();
          return changes.series.length + usage.facts(Date.now() / 1000, 1, true).length;
        },
      },
    },
  };
}

const newUsage = () => new Usage(USAGE_OPTIONS, REGISTRY, Date.now);

/** Fills its record with line i: every field that a parser writes. */
function filler({ keys, endpoints, ips }: AccountSize): { (i: number): void; record: LogRecord } {
  const start = Math.floor(Date.now() / 1000) - 3_600;
  const bytes = Buffer.alloc(keys * KEY_BYTES + 7);
  for (let key = 0; key < keys; key++) bytes.write(`key_${String(key).padStart(4, '0')}`, key * KEY_BYTES);
  bytes.write('GETPOST', keys * KEY_BYTES);
  const templates = Array.from({ length: endpoints }, (_, i) => {
    const surface = ['contacts', 'conversations', 'knowledge', 'tags', 'analytics'][i % 5]!;
    return { text: Buffer.from(`/v1/${surface}/:id/list${String.fromCharCode(97 + (i % 26))}${i}`), surface };
  });
  /** By prepared record: key, endpoint, address, status. */
  const prepared = Int32Array.from({ length: PREPARED * 4 }, (_, i) => {
    const mixed = Math.imul((i >>> 2) ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    const part = i & 3;
    if (part === 0) return mixed % keys;
    if (part === 1) return (mixed >>> 5) % templates.length;
    if (part === 2) return (Math.floor((i >>> 2) / keys) + (mixed >>> 20)) % ips;
    return STATUSES[(mixed >>> 8) % STATUSES.length]!;
  });
  const record = new LogRecord();
  record.bytes = bytes;
  record.key = bytes;
  const fill = (i: number): void => {
    const at = (i & (PREPARED - 1)) * 4;
    const key = prepared[at]!;
    const { text, surface } = templates[prepared[at + 1]!]!;
    record.timestampMs = (start + (i / HOUR_LINES) * 3_600) * 1000;
    record.status = prepared[at + 3]!;
    record.durationSeconds = (5 + (i % 400)) / 1000;
    record.keyStart = key * KEY_BYTES;
    record.keyEnd = record.keyStart + KEY_BYTES;
    record.methodStart = keys * KEY_BYTES + (i % 3 === 0 ? 3 : 0);
    record.methodEnd = record.methodStart + (i % 3 === 0 ? 4 : 3);
    record.template = text;
    record.templateEnd = text.length;
    record.surfaceStart = 4;
    record.surfaceEnd = 4 + surface.length;
    record.ipFamily = 4;
    record.ip3 = 0x0a000000 + key * 0x10000 + prepared[at + 2]!;
  };
  return Object.assign(fill, { record });
}
