import { compileFormat, createLineParser, DEFAULT_FIELDS } from '../../src/parse/format.ts';
import { JsonScanner } from '../../src/parse/json.ts';
import { ACCEPTED, LogRecord } from '../../src/parse/log-record.ts';
import { wantedFields } from '../../src/parse/wanted-fields.ts';
import type { Micro } from '../harness/micro.ts';
import { BYTES_PER_LINE, benchLine } from '../log-file.ts';

/** The JSON parser and its scanner alone, beside JSON.parse. */
export function parse(lines: number): Micro {
  const shape = { lines, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 };
  const start = Date.now() - lines;
  const block = Buffer.alloc(lines * BYTES_PER_LINE);
  for (let i = 0; i < lines; i++) block.write(benchLine(i, shape, start + i), i * BYTES_PER_LINE, 'latin1');

  const record = new LogRecord();
  const format = { format: 'json', container: 'none', fields: DEFAULT_FIELDS, endpoints: [] } as const;
  const parser = createLineParser(compileFormat({ ...format, maxLineBytes: 1 << 20 }));
  const scanner = new JsonScanner(wantedFields(DEFAULT_FIELDS));
  const keys = new Map<string, number>();

  const each = (read: (from: number, to: number) => boolean) => () => {
    for (let i = 0; i < lines; i++)
      if (!read(i * BYTES_PER_LINE, (i + 1) * BYTES_PER_LINE - 1)) throw new Error(`line ${i} is rejected`);
  };
  return {
    ...{ unit: 'line', units: lines, reference: 'JSON.parse and a Map' },
    tasks: {
      'scan alone': each((from, to) => scanner.scan(block, from, to) === ACCEPTED),
      'parse to a record': each((from, to) => parser.parse(block, from, to, record) === ACCEPTED),
      'JSON.parse and a Map': each((from, to) => {
        const request = JSON.parse(block.toString('utf8', from, to));
        keys.set(request.keyId, (keys.get(request.keyId) ?? 0) + 1);
        return true;
      }),
    },
  };
}
