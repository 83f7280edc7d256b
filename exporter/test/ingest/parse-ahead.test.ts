import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineAccount } from '../../src/ingest/line-account.ts';
import { ParseAhead } from '../../src/ingest/parse-ahead.ts';
import { SharedChunks } from '../../src/ingest/shared-chunks.ts';
import { SourceCounters } from '../../src/log/counters.ts';
import { LineSplitter } from '../../src/log/lines.ts';
import type { LogRecord } from '../../src/parse/log-record.ts';
import { Usage } from '../../src/usage/usage.ts';
import { requestLine } from '../log-lines.ts';
import { formatOptions, RUNS } from '../parse/reading.ts';
import { LIMITS } from '../usage/usage-in-test.ts';

/** As built: a thread is a file of its own. */
const THREAD = new URL('../../dist/parse-thread.js', import.meta.url);
const LONGEST = 2_000;
const BLOCK = 600_000;

const sources = [
  { name: 'json', format: formatOptions({ maxLineBytes: LONGEST }) },
  { name: 'logfmt', format: formatOptions({ format: 'logfmt', maxLineBytes: LONGEST }) },
  { name: 'routes', format: formatOptions({ endpoints: ['GET /v1/contacts/{id}'], maxLineBytes: LONGEST }) },
  { name: 'cri', format: formatOptions({ container: 'cri', maxLineBytes: LONGEST }) },
];

let ahead: ParseAhead;
beforeAll(() => {
  ahead = new ParseAhead(THREAD);
});
afterAll(() => ahead.close());

/** All that becomes of a block: what was kept of each request, what was rejected, counters, and the splitter's end. */
function account(text: string | Buffer, source: string, parseAhead: ParseAhead | undefined) {
  const options = {
    ...{ limits: LIMITS, zeroHoldSeconds: 0, parkAfterSeconds: 0, maxSkewSeconds: 300 },
    ...{ learningSeconds: 0, ipv6Prefix: 64, newIp: 'full' as const },
  };
  const registry = {
    identify: (id: string, tenant: string) => ({ id, tenant, entry: undefined }),
    labelled: () => undefined,
    entries: () => [],
    scopeOf: () => undefined,
  };
  const usage = new Usage(options, registry, () => Date.UTC(2026, 10, 25));
  const counters = new SourceCounters();
  const kept: unknown[] = [];
  const lines = new LineAccount(
    sources,
    usage,
    counters,
    (_, reason, bytes, start, end) => kept.push([reason, start, end, bytes.toString('latin1', start, end)]),
    { append: (record) => kept.push(plain(record)) },
    parseAhead,
  );
  const content = Buffer.from(text as string);
  const bytes = Buffer.from(new SharedArrayBuffer(content.length));
  content.copy(bytes);
  const splitter = new LineSplitter();
  const file = { id: 1, source };
  const context = { file, maxLineBytes: LONGEST, fileStart: true, skipping: false, recordOpen: false };
  splitter.split(context, lines, bytes, 0, bytes.length);
  lines.flush();
  const { consumed, committable, skipping, recordOpen, tooLong } = splitter;
  return {
    ...{ kept, counters: counters.changes(), values: usage.changes(0, 0).values.value },
    ...{
      splitter: { consumed, committable, skipping, recordOpen, tooLong },
      lastEvent: lines.lastEvent(source),
    },
  };
}

function plain(record: LogRecord): unknown {
  const text = (bytes: Buffer, start: number, end: number): string | undefined =>
    start < 0 ? undefined : bytes.toString('latin1', start, end);
  const { bytes, key, template } = record;
  return [
    ...[record.timestampMs, record.status, record.durationSeconds, record.responseBytes],
    text(key, record.keyStart, record.keyEnd),
    text(bytes, record.tenantStart, record.tenantEnd),
    text(bytes, record.methodStart, record.methodEnd),
    text(bytes, record.pathStart, record.pathEnd),
    text(bytes, record.userAgentStart, record.userAgentEnd),
    text(bytes, record.requestIdStart, record.requestIdEnd),
    text(template, record.templateStart, record.templateEnd),
    text(template, record.surfaceStart, record.surfaceEnd),
    ...[record.templateListed, record.ipFamily, record.ip0, record.ip1, record.ip2, record.ip3],
    record.ignoredFields,
  ];
}

const at = '2026-11-24T10:11:12.345Z';
const lineOf = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .nat(500)
      .map((n) =>
        requestLine({ timestamp: at, keyId: `key_${n % 7}`, endpoint: `/v1/contacts/${n}`, status: 200 + n }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: 'binary', maxLength: 300 })
      .map((userAgent) => requestLine({ timestamp: at, userAgent, tenantId: userAgent })),
  },
  {
    weight: 1,
    arbitrary: fc.nat(1e9).map((n) =>
      requestLine({
        timestamp: at,
        keyId: `sa_live_${n}`,
        ip: `2001:db8::${n % 9999}`,
        bytes: n,
        requestId: 'a\nb',
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(3).map((n) =>
      requestLine({
        timestamp: at,
        method: 'post',
        endpoint: 'https://api.example/v1/tags?x=1',
        tenantId: 't'.repeat(n),
        ip: 'nowhere',
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\n', '\r\n', '{}\n', 'nonsense\r\n', '{"status":200}\n', '[1]\n', '\t\n'),
  },
  {
    weight: 1,
    // Ends that a scanner which looks for none by itself could miss, or take for one too early.
    arbitrary: fc
      .constantFrom(
        (line: string) => line.replaceAll(',', ',\n'),
        (line: string) => line.replaceAll(':', ':\r\n'),
        (line: string) => line.replace('}', '\n}'),
        (line: string) => ` \t${line.replace('\n', ' \r\n')}`,
        (line: string) => line.replace('\n', '\r\n'),
        (line: string) => line.replace('}\n', '}\r}\n'),
        (line: string) => line.replace('}\n', ',"nested":[{"a":[\n'),
      )
      .map((change) => change(requestLine({ timestamp: at, userAgent: '{"a":1}' }))),
  },
  { weight: 1, arbitrary: fc.constant(`at=${at} timestamp=${at} keyId=k endpoint=/v1/tags status=204\n`) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(LONGEST, LONGEST + 1, LONGEST + 2, 40_000)
      .map((n) => `${requestLine({ timestamp: at }).trimEnd().padEnd(n)}\r\n`),
  },
);
const blockOf = fc
  .tuple(fc.array(lineOf, { minLength: 30, maxLength: 120 }), fc.constantFrom('', '{"partial', '\ufeff'))
  .map(([lines, end]) => {
    const some = lines.join('');
    return some.repeat(Math.ceil(BLOCK / some.length)) + end;
  });

test('what becomes of a block is the same, line by line and in order, with a second thread and without', () => {
  fc.assert(
    fc.property(blockOf, fc.constantFrom('json', 'logfmt', 'routes', 'cri'), (block, source) => {
      expect(account(block, source, ahead)).toEqual(account(block, source, undefined));
    }),
    { numRuns: Math.max(15, RUNS / 40) },
  );
});

/** Lines taken in from the other thread, of a block of the line over and over. */
function takenOf(line: string, source = 'json'): number {
  let taken = 0;
  const counting = new Proxy(ahead, {
    get: (target, name) =>
      name === 'take'
        ? (each: (chunk: number, line: number) => void) =>
            target.take((chunk, number) => {
              taken++;
              each(chunk, number);
            })
        : typeof target[name as keyof ParseAhead] === 'function'
          ? (target[name as 'begin'] as () => void).bind(target)
          : target[name as keyof ParseAhead],
  });
  account(line.repeat(Math.ceil(BLOCK / line.length)), source, counting);
  return taken;
}

describe('what is parsed ahead', () => {
  test('most lines of a big block', async () => {
    account(requestLine().repeat(10_000), 'json', ahead);
    expect(takenOf(requestLine())).toBeGreaterThan(BLOCK / requestLine().length / 2);
  });

  test('of very short lines as many as find room', () => {
    const taken = takenOf('{}\n');
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(BLOCK / 3 / 2);
  });

  test('nothing of a small block, of one with NULs, or of records that a container runtime may split', () => {
    account(requestLine(), 'json', ahead);
    expect(ahead.next).toBe(Number.POSITIVE_INFINITY);
    expect(takenOf(`${requestLine()}\0\0`)).toBe(0);
    expect(takenOf(`${at} stdout F ${requestLine()}`, 'cri')).toBe(0);
  });
});

test('a second thread that has ended costs nothing but speed', async () => {
  const ended = new ParseAhead(THREAD);
  const block = requestLine({ timestamp: at }).repeat(6_000);
  account(block, 'json', ended);
  await ended.close();
  expect(account(block, 'json', ended)).toEqual(account(block, 'json', undefined));
});

describe('claims', () => {
  const block = Buffer.from('a\nbb\n'.repeat(100));
  const late = new SharedChunks();
  late.cut(1, block, 0, block.length);

  test('a chunk is claimed once, and never by who still works on an earlier block', () => {
    expect(late.claim(1, 5)).toBe(true);
    expect(late.claim(1, 5)).toBe(false);
    late.cut(2, block, 0, block.length);
    expect(late.claim(1, 5)).toBe(false);
    expect(late.claim(2, 5)).toBe(true);
  });

  test('waiting for a chunk that will not be parsed throws', () => {
    late.cut(3, block, 0, block.length);
    late.claim(3, 1);
    late.fail(3, 1);
    expect(() => late.await(3, 1)).toThrow('the thread that parses ahead has failed');
  });
});
