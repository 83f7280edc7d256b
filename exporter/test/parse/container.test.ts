import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileFormat, createLineParser } from '../../src/parse/format.ts';
import { ACCEPTED, INCOMPLETE, LogRecord, rejectionName } from '../../src/parse/log-record.ts';
import { formatOptions, RUNS, reader, request } from './reading.ts';

const line = request({ keyId: 'key_crm', userAgent: 'x'.repeat(40) });
const read = { outcome: 'accepted', key: 'key_crm', status: 200 };

describe('cri', () => {
  const cri = (tag: string, text: string, stream = 'stdout') =>
    `2016-10-06T00:17:09.669794202Z ${stream} ${tag} ${text}`;

  test('is peeled off a whole line', () => {
    expect(reader({ container: 'cri' })(cri('F', line))).toMatchObject(read);
    expect(reader({ container: 'cri' })(cri('F:x', line))).toMatchObject(read);
  });

  test('joins parts to one record, each stream its own', () => {
    const parse = reader({ container: 'cri' });
    const error = request({ keyId: 'other', status: 500 });
    expect(parse(cri('P', line.slice(0, 30))).outcome).toBe('incomplete');
    expect(parse(cri('P', error.slice(0, 10), 'stderr')).outcome).toBe('incomplete');
    expect(parse(cri('P', line.slice(30, 60))).outcome).toBe('incomplete');
    expect(parse(cri('F', line.slice(60)))).toMatchObject(read);
    expect(parse(cri('F', error.slice(10), 'stderr'))).toMatchObject({ key: 'other', status: 500 });
    expect(parse(cri('F', line))).toMatchObject(read);
  });

  test('ends a record with an empty last part, and is blank around nothing', () => {
    const parse = reader({ container: 'cri' });
    parse(cri('P', line));
    expect(parse(cri('F', ''))).toMatchObject(read);
    expect(parse(cri('F', '')).outcome).toBe('blank');
    expect(parse('2016-10-06T00:17:09Z stdout F').outcome).toBe('blank');
    expect(parse(' ').outcome).toBe('blank');
  });

  test('tells a record that outgrows the limit once, at its end, and goes on', () => {
    const parse = reader({ container: 'cri', maxLineBytes: line.length });
    expect(parse(cri('P', line)).outcome).toBe('incomplete');
    expect(parse(cri('P', 'x')).outcome).toBe('incomplete');
    expect(parse(cri('P', line)).outcome).toBe('incomplete');
    expect(parse(cri('F', 'x')).outcome).toBe('too_long');
    expect(parse(cri('P', line.slice(0, 9))).outcome).toBe('incomplete');
    expect(parse(cri('F', line.slice(9)))).toMatchObject(read);
  });

  test.each([
    [line],
    ['2016-10-06T00:17:09Z stdout'],
    ['2016-10-06T00:17:09Z stdout X text'],
    ['2016-10-06T00:17:09Z stdin F text'],
    ['2016-10-06T00:17:09Z stdout FULL text'],
    ['yesterday stdout F text'],
  ])('%j is no cri line', (text) => {
    expect(reader({ container: 'cri' })(text).outcome).toBe('wrapper');
  });
});

describe('docker', () => {
  const docker = (log: unknown, stream: unknown = 'stdout') =>
    JSON.stringify({ log, stream, time: '2026-05-04T10:11:12.345678901Z' });

  test('is peeled off, with the escapes of both layers decoded', () => {
    const inner = request({ keyId: 'a"é\n\ud83d\ude00' });
    const escaped = inner.replace('é', '\\u00e9').replace('\ud83d\ude00', '\\ud83d\\ude00');
    for (const text of [inner, escaped])
      for (const end of ['\n', '\r\n']) {
        const key = reader({ container: 'docker' })(docker(text + end)).key ?? '';
        expect(Buffer.from(key, 'latin1').toString()).toBe('a"é\n\ud83d\ude00');
      }
  });

  test('joins the parts of a line, each stream its own', () => {
    const parse = reader({ container: 'docker' });
    const long = request({ keyId: 'key_crm', userAgent: 'x'.repeat(40_000) });
    for (const [text, size] of [
      [line, 50],
      [long, 16_384],
    ] as const) {
      expect(parse(docker(text.slice(0, size))).outcome).toBe('incomplete');
      expect(parse(docker(`${request({ keyId: 'e' })}\n`, 'stderr'))).toMatchObject({ key: 'e' });
      if (text === long) expect(parse(docker(text.slice(size, 2 * size))).outcome).toBe('incomplete');
      expect(parse(docker(`${text.slice(text === long ? 2 * size : size)}\n`))).toMatchObject(read);
    }
    expect(parse(docker(`${line}\n`, undefined))).toMatchObject(read);
  });

  test('counts a line that ended without newline, and the whole one behind it', () => {
    const parse = reader({ container: 'docker' });
    for (const end of ['\n', '', '', '\n', '\n']) expect(parse(docker(line + end))).toMatchObject(read);
  });

  test.each([20, 16_384])('a line that broke off after %d bytes costs no other line', (size) => {
    const lost: string[] = [];
    const parser = createLineParser(compileFormat(formatOptions({ container: 'docker' })), (outcome) =>
      lost.push(rejectionName(outcome)),
    );
    const record = new LogRecord();
    const parse = (text: string) => {
      const bytes = Buffer.from(text);
      return parser.parse(bytes, 0, bytes.length, record);
    };
    const broken = request({ keyId: 'broken', userAgent: 'x'.repeat(20_000) }).slice(0, size);
    expect(parse(docker(broken))).toBe(INCOMPLETE);
    expect(parse(docker(`${line}\n`))).toBe(ACCEPTED);
    expect(record.key.toString('latin1', record.keyStart, record.keyEnd)).toBe('key_crm');
    expect(lost).toEqual(['malformed']);
    expect(parse(docker(`${line}\n`))).toBe(ACCEPTED);
    expect(lost).toHaveLength(1);
  });

  test('whatever a container writes and wherever it ends, every whole line counts, in order', () => {
    const agent = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.nat(200).map((more) => 'é€😀'.repeat(1_780 + more)),
    );
    const run = fc.record({
      agents: fc.array(agent, { maxLength: 6 }),
      ends: fc.nat(3),
      broken: fc.nat(40_000),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 4 }), (runs) => {
        const parse = reader({ container: 'docker' });
        const keys: string[] = [];
        const counted: (string | undefined)[] = [];
        for (const { agents, ends, broken } of runs) {
          const lines = agents.map((userAgent, i) => request({ keyId: `k${keys.length + i}`, userAgent }));
          keys.push(...lines.map((_, i) => `k${keys.length + i}`));
          let written = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          // The last line ends without newline, or what follows it breaks off in the middle.
          if (ends === 1) written = written.subarray(0, written.length - 1);
          if (ends === 2)
            written = Buffer.concat([
              written,
              Buffer.from(request({ userAgent: 'é'.repeat(20_000) })).subarray(0, broken),
            ]);
          for (const text of dockerRecords(written)) {
            const { outcome, key } = parse(docker(text));
            if (outcome === 'accepted') counted.push(key);
          }
        }
        expect(counted).toEqual(keys);
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  test('peels other formats too', () => {
    const parse = reader({ container: 'docker', format: 'logfmt' });
    expect(parse(docker('timestamp=1777889472 endpoint=/v1 status=200 keyId="a b"\n'))).toMatchObject({
      key: 'a b',
    });
  });

  test('is blank around an empty line', () => {
    expect(reader({ container: 'docker' })(docker('\n')).outcome).toBe('blank');
  });

  test('tells a record that outgrows the limit once, at its end', () => {
    const parse = reader({ container: 'docker', maxLineBytes: line.length });
    expect(parse(docker(`${line.slice(1)}x`)).outcome).toBe('incomplete');
    expect(parse(docker(`${line}\n`))).toMatchObject(read);
    const long = reader({ container: 'docker', maxLineBytes: 20_000 });
    expect(long(docker('x'.repeat(16_384))).outcome).toBe('incomplete');
    expect(long(docker('x'.repeat(16_384))).outcome).toBe('incomplete');
    expect(long(docker(`${line}\n`)).outcome).toBe('too_long');
    expect(long(docker(`${line}\n`))).toMatchObject(read);
  });

  test.each([
    ['not json'],
    ['[]'],
    ['{}'],
    [docker(7)],
    [docker(null)],
    [docker('x\n', 'stdin')],
    [docker('x\n', 7)],
    [docker('x\n').slice(0, -1)],
  ])('%j is no docker line', (text) => {
    expect(reader({ container: 'docker' })(text).outcome).toBe('wrapper');
  });
});

/** What docker makes of a container's output: lines, those over 16 KiB in parts; bytes that are no UTF-8 are replaced. */
function dockerRecords(written: Buffer): string[] {
  const records: string[] = [];
  for (let at = 0; at < written.length; ) {
    const newline = written.indexOf(10, at);
    const end = Math.min(newline < 0 ? written.length : newline + 1, at + 16_384);
    const split = end === at + 16_384 && written[end - 1] !== 10;
    records.push(written.toString('utf8', at, end));
    at = end;
    // A line of exactly that length has its newline in a record of its own.
    if (split && written[at] === 10) {
      records.push('\n');
      at++;
    }
  }
  return records;
}

describe('syslog', () => {
  const inner = request({ keyId: 'key_crm' });

  test.each([
    ['May  4 10:11:12 web1 nginx: '],
    ['May 4 10:11:12 web1 nginx[12]: '],
    ['May 04 10:11:12 web1 haproxy[14389]:'],
    ['<190>May  4 10:11:12 web1 nginx: '],
    ['<190>May  4 10:11:12 nginx: '],
    ['<190>May  4 10:11:12 web1 '],
    ['May  4 2026 10:11:12 web1 app: '],
    ['May 04 10:11:12.123456 web1 app@1.service[7]: '],
    ['2026-05-04T10:11:12.123456+02:00 web1 nginx: '],
    ['2026-05-04T10:11:12-07:00 web1 nginx: '],
    ['<13>2026-05-04T10:11:12Z web1 docker/abc123[456]: '],
    ['2026-05-04T10:11:12+0200 web1 nginx[12]: '],
    ['<165>1 2026-05-04T10:11:12.003Z web1 nginx 12 ID47 - '],
    ['1 2026-05-04T10:11:12.003+02:00 web1 nginx - - - '],
    ['<165>1 - - - - - - '],
    ['<165>1 2026-05-04T10:11:12Z web1 nginx 12 - [a b="c\\"\\]" d="e]"][x] '],
    ['<165>1 2026-05-04T10:11:12Z web1 nginx 12 - - \ufeff'],
    ['May  4 10:11:12 web1 app: @cee: '],
    ['May  4 10:11:12 web1 app: @cee:'],
    ['<165>1 2026-05-04T10:11:12Z web1 app 12 - - @cee: '],
  ])('%j is taken off', (header) => {
    expect(reader({ container: 'syslog' })(header + inner)).toMatchObject({
      outcome: 'accepted',
      key: 'key_crm',
    });
  });

  test.each([
    ['logfmt', 'timestamp=1777889472 endpoint=/v1 status=200 keyId=k'],
    ['combined', '2001:db8:: - k [04/May/2026:10:11:12 +0000] "GET /v1 HTTP/1.1" 200 12'],
    ['vhost_combined', 'a.test:443 192.0.2.1 - k [04/May/2026:10:11:12 +0000] "GET /v1 HTTP/1.1" 200 12'],
    ['pattern', '2026-05-04T10:11:12Z k /v1 200'],
  ] as const)('%s lies inside, with a tag and without', (format, text) => {
    const pattern = String.raw`^(?<timestamp>\S+) (?<keyId>\S+) (?<endpoint>\S+) (?<status>\d+)$`;
    const parse = reader({ container: 'syslog', format, pattern });
    for (const header of [
      'May  4 10:11:12 web1 app: ',
      'May  4 10:11:12 web1 ',
      '2026-05-04T10:11:12Z web1 a[1]: ',
    ])
      expect(parse(header + text)).toMatchObject({ outcome: 'accepted', key: 'k' });
  });

  test('is blank around nothing', () => {
    for (const text of ['', ' ', 'May  4 10:11:12 web1 app: ', '<165>1 2026-05-04T10:11:12Z web1 app 12 - -'])
      expect(reader({ container: 'syslog' })(text).outcome).toBe('blank');
  });

  test.each([
    [inner],
    ['hello'],
    ['<190>'],
    ['May 4 web1 app: x'],
    ['Foo  4 10:11:12 web1 app: x'],
    ['1 2026-05-04T10:11:12Z web1 app 12 - [a b="c] x'],
    ['1 2026-05-04T10:11:12Z web1 app 12'],
    ['1 yesterday web1 app 12 - - x'],
  ])('%j is no syslog line', (text) => {
    expect(reader({ container: 'syslog' })(text).outcome).toBe('wrapper');
  });
});

describe('compose', () => {
  const inner = request({ keyId: 'key_crm' });
  const time = '2026-05-04T10:11:12.345678901Z ';

  test.each([
    ['web-1  | '],
    ['web_1 | '],
    ['web-1  |'],
    ['\u001b[36mweb_1    |\u001b[0m '],
    ['\u001b[38;5;6mweb-1  | \u001b[0m'],
    ['web.1.abc123@node1    | '],
    ['[pod/web-7d4b9-x2/app] '],
    ['\u001b[32m[pod/web-7d4b9-x2/app]\u001b[0m '],
    [''],
  ])('%j is taken off, and a time behind it', (prefix) => {
    const parse = reader({ container: 'compose' });
    expect(parse(prefix + time + inner)).toMatchObject({ outcome: 'accepted', key: 'key_crm' });
    if (prefix !== '') expect(parse(prefix + inner)).toMatchObject({ outcome: 'accepted', key: 'key_crm' });
  });

  test.each([
    ['logfmt', 'timestamp=1777889472 endpoint=/v1 status=200 keyId=k'],
    ['combined', '192.0.2.1 - k [04/May/2026:10:11:12 +0000] "GET /v1 HTTP/1.1" 200 12'],
    ['vhost_combined', 'a.test:443 192.0.2.1 - k [04/May/2026:10:11:12 +0000] "GET /v1 HTTP/1.1" 200 12'],
    ['pattern', '2026-05-04T10:11:12Z k /v1 200'],
  ] as const)('%s lies inside, with and without the time of the command', (format, text) => {
    const pattern = String.raw`^(?<timestamp>\S+) (?<keyId>\S+) (?<endpoint>\S+) (?<status>\d+)$`;
    const parse = reader({ container: 'compose', format, pattern });
    for (const prefix of ['web-1  | ', `web-1  | ${time}`, `[pod/web/app] ${time}`, '[pod/web/app] '])
      expect(parse(prefix + text)).toMatchObject({
        outcome: 'accepted',
        key: 'k',
        timestampMs: 1777889472000,
      });
  });

  test('is blank around nothing', () => {
    for (const text of ['', 'web-1  | ', 'web-1  |', `web-1  | ${time}`])
      expect(reader({ container: 'compose' })(text).outcome).toBe('blank');
  });

  test.each([[inner], ['hello'], ['web-1 exited with code 0'], ['[pod] x'], ['| x'], ['\u001b[36']])(
    '%j is no such line',
    (text) => {
      expect(reader({ container: 'compose' })(text).outcome).toBe('wrapper');
    },
  );
});
