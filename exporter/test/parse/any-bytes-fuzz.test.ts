import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CONTAINERS, compileFormat, createLineParser, FORMATS } from '../../src/parse/format.ts';
import { LogRecord, REJECTION_NAMES } from '../../src/parse/log-record.ts';
import { formatOptions, RUNS, reader, request } from './reading.ts';

const PATTERN = String.raw`^(?<timestamp>\S+) (?<keyId>\S*) "(?<request>[^"]*)" (?<status>\d+)(?: (?<ip>\S+))?`;
const LINES: Record<(typeof FORMATS)[number], string> = {
  json: request({ keyId: 'k', ip: '::1', method: 'GET', durationMs: 3, tenantId: 't', requestId: 'r' }),
  logfmt: 'timestamp=1777889472 endpoint=/v1/x status=200 keyId="a \\"b" ip=1.2.3.4 durationMs=3 method=GET',
  combined: '1.2.3.4 - k [04/May/2026:10:11:12 +0000] "GET /v1/x HTTP/1.1" 200 512 "-" "agent \\x41"',
  vhost_combined:
    'api.example:443 1.2.3.4 - "k" [04/May/2026:10:11:12 +0000] "GET /v1/x HTTP/1.1" 200 512 "-" "agent \\x41"',
  pattern: '2026-05-04T10:11:12Z k "GET /v1/x HTTP/1.1" 200 1.2.3.4',
};
const WRAPPED = {
  none: (line: string) => line,
  cri: (line: string) => `2026-05-04T10:11:12Z stdout F ${line}`,
  docker: (line: string) => JSON.stringify({ log: `${line}\n`, stream: 'stderr' }),
  syslog: (line: string) => `<190>1 2026-05-04T10:11:12Z web1 nginx 12 - [a b="c\\"]"] \ufeff@cee: ${line}`,
  compose: (line: string) => `\u001b[36mweb-1  | \u001b[0m2026-05-04T10:11:12.345678901Z ${line}`,
};

describe.each(FORMATS)('format %s', (format) => {
  test.each(CONTAINERS)(
    'in container %s: no bytes make it throw, and a good line after them is read right',
    (container) => {
      const options = formatOptions({
        format,
        container,
        pattern: PATTERN,
        endpoints: ['/v1/{a}/b', '/v1/*'],
      });
      const compiled = compileFormat(options);
      const good = Buffer.from(WRAPPED[container](LINES[format]));
      const fresh = new LogRecord();
      expect(createLineParser(compiled).parse(Buffer.from(good), 0, good.length, fresh)).toBe(0);
      const facts = ({ bytes, key, template, ...rest }: LogRecord) => ({
        ...rest,
        key: key.toString('latin1', rest.keyStart, rest.keyEnd),
        template: template.toString('latin1', 0, rest.templateEnd),
      });
      const mutated = fc
        .tuple(
          fc.array(fc.tuple(fc.nat(good.length), fc.nat(255)), { minLength: 1, maxLength: 5 }),
          fc.nat(good.length),
        )
        .map(([changes, length]) => {
          const bytes = Buffer.from(good);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          return length % 3 === 0 ? bytes.subarray(0, length) : bytes;
        });
      const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
      fc.assert(
        fc.property(fc.oneof(mutated, anything), (line) => {
          const parser = createLineParser(compiled);
          const record = new LogRecord();
          const outcome = parser.parse(line, 0, line.length, record);
          expect(outcome).toBeGreaterThanOrEqual(-2);
          expect(outcome).toBeLessThanOrEqual(REJECTION_NAMES.length);
          if (outcome === 0)
            expect(record.template.toString('latin1', 0, record.templateEnd)).toMatch(/^(\/[!-~]*|\*|)$/);
          // A part that is still waiting for its end would rightly be joined with the next line.
          if (outcome === -2) return;
          expect(parser.parse(Buffer.from(good), 0, good.length, record)).toBe(0);
          expect(facts(record)).toEqual(facts(fresh));
        }),
        { numRuns: Math.ceil(RUNS / 2) },
      );
    },
  );
});

test('no record carries a value of another line, whatever fields the lines have', () => {
  const full = {
    keyId: 'key_crm',
    method: 'GET',
    ip: '2001:db8::1',
    tenantId: 'acme',
    durationMs: 12,
    bytes: 9,
    userAgent: 'crm',
    requestId: 'r',
  };
  const some = fc.subarray(Object.keys(full));
  const long = reader();
  fc.assert(
    fc.property(some, fc.constantFrom({}, { status: 'x' }, { endpoint: 7 }, { ip: 'x' }), (names, fault) => {
      const fields = Object.fromEntries(names.map((name) => [name, full[name as keyof typeof full]]));
      const line = request({ ...fields, ...fault });
      expect(long(line)).toEqual(reader()(line));
    }),
    { numRuns: RUNS },
  );
});
