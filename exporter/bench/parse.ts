import { compileFormat, createLineParser, DEFAULT_FIELDS } from '../src/parse/format.ts';
import { JsonScanner } from '../src/parse/json.ts';
import { ACCEPTED, LogRecord } from '../src/parse/log-record.ts';
import { wantedFields } from '../src/parse/wanted-fields.ts';
import { BYTES_PER_LINE, benchLine } from './log-file.ts';
import { median } from './process.ts';

/** `tsx exporter/bench/parse.ts`: lines a second of the json parser, of its scanner alone, and of JSON.parse. */
const LINES = 200_000;
const ROUNDS = 7;
const shape = { lines: LINES, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 };
const start = Date.now() - LINES;
const block = Buffer.alloc(LINES * BYTES_PER_LINE);
for (let i = 0; i < LINES; i++) block.write(benchLine(i, shape, start + i), i * BYTES_PER_LINE, 'latin1');

const record = new LogRecord();
const parser = createLineParser(
  compileFormat({
    format: 'json',
    container: 'none',
    fields: DEFAULT_FIELDS,
    endpoints: [],
    maxLineBytes: 1 << 20,
  }),
);
const scanner = new JsonScanner(wantedFields(DEFAULT_FIELDS));
const keys = new Map<string, number>();

const kinds: Record<string, (from: number, to: number) => boolean> = {
  'scan alone': (from, to) => scanner.scan(block, from, to) === ACCEPTED,
  'parse to a record': (from, to) => parser.parse(block, from, to, record) === ACCEPTED,
  'JSON.parse and a Map': (from, to) => {
    const request = JSON.parse(block.toString('utf8', from, to));
    keys.set(request.keyId, (keys.get(request.keyId) ?? 0) + 1);
    return true;
  },
};

const rates: Record<string, number[]> = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++)
  for (const [name, read] of Object.entries(kinds)) {
    const begun = performance.now();
    for (let i = 0; i < LINES; i++)
      if (!read(i * BYTES_PER_LINE, (i + 1) * BYTES_PER_LINE - 1)) throw new Error(`${name}: line ${i}`);
    rates[name].push(LINES / ((performance.now() - begun) / 1000));
  }
const base = median(rates['JSON.parse and a Map']);
for (const [name, rate] of Object.entries(rates))
  console.log(
    `${name.padEnd(22)} ${Math.round(median(rate)).toLocaleString('en-US').padStart(10)} lines/s  ${(median(rate) / base).toFixed(2)}`,
  );
