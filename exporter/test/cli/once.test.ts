import { spawnSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCommand, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { requestLine, writeRequests } from '../log-lines.ts';
import { parseExposition } from '../metrics/exposition-parser.ts';

const { gzipSync } = zlib;

let directory: { path: string; remove: () => void };
const inDirectory = (name: string) => join(directory.path, name);

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

test('plain and gzip files are read to their end; the exposition is on stdout, the summary on stderr, no store is left', async () => {
  writeRequests(inDirectory('a.log'), 1_000);
  writeFileSync(inDirectory('b.log.gz'), gzipSync(requestLine({ keyId: 'key_b', status: 500 }).repeat(200)));
  appendFileSync(inDirectory('a.log'), requestLine().trimEnd());
  const { code, stdout, stderr } = await runCommand(['once', 'a.log', 'b.log.gz'], { cwd: directory.path });
  expect(code).toBe(0);
  expect(sumOf(stdout, 'atender_requests_total')).toBe(1_201);
  expect(sumOf(stdout, 'atender_requests_total', 'key_id="key_b"', 'status="500"')).toBe(200);
  expect(stderr).toBe('1,201 lines, 0 rejected\n');
  expect(() => parseExposition(stdout, 'text')).not.toThrow();
  const { stdout: left } = await runCommand(['once', '-'], { input: requestLine(), cwd: directory.path });
  expect(sumOf(left, 'atender_requests_total')).toBe(1);
});

test('gzip is told by content: whatever the file is called, on standard input, and where nothing is in it', async () => {
  const zipped = gzipSync(requestLine().repeat(5));
  const tiny = gzipSync(requestLine());
  writeFileSync(inDirectory('rotated-without-suffix'), Buffer.concat([zipped, tiny]));
  writeFileSync(inDirectory('plain.gz'), requestLine());
  writeFileSync(inDirectory('empty.gz'), '');
  const { code, stdout, stderr } = await runCommand(
    ['once', 'rotated-without-suffix', 'plain.gz', 'empty.gz', '-'],
    { cwd: directory.path, input: zipped },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '12 lines, 0 rejected\n' });
  expect(sumOf(stdout, 'atender_requests_total')).toBe(12);
});

test('what cannot be read is said in words: missing, a directory, cut off', async () => {
  writeFileSync(inDirectory('cut.gz'), gzipSync(requestLine().repeat(2_000)).subarray(0, -9));
  const { code, stderr } = await runCommand(['once', 'none*.log', '.', 'cut.gz'], { cwd: directory.path });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^none\*\.log: there is no such file\n\.: is a directory; name the files in it\n/);
  expect(stderr).toMatch(/^cut\.gz: the gzip file is cut off; only the lines before its end are counted$/m);
});

test('an example is shown as the log has it, but for what a terminal would obey', async () => {
  writeFileSync(inDirectory('a.log'), '{"path":"C:\\\\x","note":"é\u001b[2J\u009b\u202e"}\n');
  const { stderr } = await runCommand(['once', 'a.log'], { cwd: directory.path });
  expect(stderr).toContain('e.g. a.log: {"path":"C:\\\\x","note":"é\\u001b[2J\\u009b\\u202e"}\n');
});

test('a request without response and a probe that sent no request are counted, not rejected', async () => {
  const probe = {
    keyId: undefined,
    method: undefined,
    endpoint: undefined,
    request: '\u0016\u0003\u0001',
    status: 400,
  };
  writeFileSync(
    inDirectory('a.log'),
    requestLine({ status: 0 }) + requestLine({ status: null }) + requestLine(probe),
  );
  const { stdout, stderr } = await runCommand(['once', 'a.log'], { cwd: directory.path });
  expect(stderr).toBe('3 lines, 0 rejected\n');
  expect(
    sumOf(stdout, 'atender_requests_total', 'key_id="key_test"', 'status="0"', 'status_class="none"'),
  ).toBe(2);
  expect(stdout).toMatch(/^atender_key_last_used_timestamp_seconds\{key_id="key_test"\}/m);
  const unmatched = ['key_id="__none__"', 'endpoint="__unmatched__"', 'status="400"'];
  expect(sumOf(stdout, 'atender_endpoint_requests_total', ...unmatched)).toBe(1);
});

test('rejected lines are counted by reason, with an example each, and cost nothing else', async () => {
  writeFileSync(
    inDirectory('a.log'),
    [
      requestLine(),
      'nonsense\n',
      '{"status":200}\n',
      requestLine({ status: 999 }),
      requestLine({ timestamp: 'soon' }),
      requestLine({ ip: 'nowhere' }),
    ].join(''),
  );
  const { code, stdout, stderr } = await runCommand(['once', inDirectory('a.log')]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^6 lines, 4 rejected\n/);
  expect(stderr).toMatch(/malformed: 1 .*\n\s+e\.g\. .*a\.log: nonsense\n/);
  expect(stderr).toMatch(/bad_status: 1 /);
  expect(stderr).toMatch(/ip unusable on 1 lines/);
  expect(sumOf(stdout, 'atender_exporter_lines_rejected_total')).toBe(4);
  expect(sumOf(stdout, 'atender_requests_total')).toBe(2);
});

test('a format of one’s own is tried with the options of serve', async () => {
  writeFileSync(
    inDirectory('a.log'),
    'at=2026-05-04T10:11:12Z who=key_x request="GET /v1/tags?x=1 HTTP/1.1" code=204\n',
  );
  const { stdout, stderr } = await runCommand([
    ...['once', '--log.format', 'logfmt'],
    ...['--log.fields', '{ timestamp: at, keyId: who, status: code }', inDirectory('a.log')],
  ]);
  expect(stderr).toBe('1 lines, 0 rejected\n');
  expect(stdout).toContain(
    'atender_endpoint_requests_total{key_id="key_x",method="GET",endpoint="/v1/tags",status="204",status_class="2xx"} 1\n',
  );
});

test('a file that cannot be read is named, the others are still read, and the exit code is 1', async () => {
  writeRequests(inDirectory('a.log'), 3);
  const { code, stdout, stderr } = await runCommand(['once', 'gone.log', 'a.log'], { cwd: directory.path });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^gone\.log: there is no such file/);
  expect(sumOf(stdout, 'atender_requests_total')).toBe(3);
});

test('what the keys file says is shown also of a key whose id and tenant are encoded as labels', async () => {
  writeFileSync(
    inDirectory('keys.yaml'),
    'keys: [{ id: my key, tenantId: Acme & Co, thresholds: { silence_seconds: 1h } }]\n',
  );
  const line = requestLine({ keyId: 'my key', tenantId: 'Acme & Co' });
  const { stdout } = await runCommand(['once', '--keys.file', 'keys.yaml', '-'], {
    input: line,
    cwd: directory.path,
  });
  const labels = ['key_id="my%20key"', 'tenant_id="Acme%20%26%20Co"'];
  expect(sumOf(stdout, 'atender_requests_total', ...labels)).toBe(1);
  expect(sumOf(stdout, 'atender_key_info', ...labels)).toBe(1);
  expect(sumOf(stdout, 'atender_key_threshold', ...labels)).toBe(3600);
});

test('requests ahead of the clock are hinted at with the remedy, and log.timezone puts them right', async () => {
  // The local time of a zone that is nine hours ahead, as a logger writes it that leaves the offset out.
  const local = (minutesAgo: number) =>
    new Date(Date.now() + (9 * 60 - minutesAgo) * 60_000).toISOString().replace('T', ' ').slice(0, 19);
  writeFileSync(
    inDirectory('a.log'),
    [0, 10, 20, 1000].map((minutes) => requestLine({ timestamp: local(minutes) })).join(''),
  );
  const plain = await runCommand(['once', 'a.log'], { cwd: directory.path });
  expect(plain.stderr).toBe(
    '4 lines, 0 rejected\n3 of 4 requests are up to 9 h ahead of the clock; if the log writes local time, set log.timezone\n',
  );
  const zoned = await runCommand(['once', '--log.timezone', 'Asia/Tokyo', 'a.log'], { cwd: directory.path });
  expect(zoned.stderr).toBe('4 lines, 0 rejected\n');
  const wrong = await runCommand(['once', '--log.timezone', 'Asia/Tokio', 'a.log'], { cwd: directory.path });
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr).toContain('log.timezone: "Asia/Tokio" is no time zone; did you mean Asia/Tokyo?');
  const proxies = ['once', '--log.trusted-proxies', '10.0.0.0/8,10.0.0/8', 'a.log'];
  expect((await runCommand(proxies, { cwd: directory.path })).stderr).toContain(
    'log.trustedProxies[1]: "10.0.0/8" is no network; write for example',
  );
});

describe('a file that is no lines of text is named with its form and the remedy, and the exit code is 1', () => {
  const text = requestLine().repeat(50);
  const bigEndian = Buffer.from(text, 'utf16le').swap16();
  const run = (tool: string) => spawnSync(tool, ['-c'], { input: text }).stdout;
  const files: [name: string, content: () => Buffer, message: RegExp][] = [
    ['le-bom.log', () => Buffer.from(`\ufeff${text}`, 'utf16le'), /UTF-16 text.*UTF-8.*iconv/],
    ['be-bom.log', () => Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian]), /UTF-16 text/],
    ['le.log', () => Buffer.from(text, 'utf16le'), /UTF-16 text/],
    ['be.log', () => bigEndian, /UTF-16 text/],
    ['a.log.xz', () => run('xz'), /xz-compressed.*gzip.*xz -dc/],
    ['a.log.bz2', () => run('bzip2'), /bzip2-compressed.*gzip.*bzip2 -dc/],
    ['lz4.log', () => run('lz4'), /lz4-compressed/],
    ['zip.log', () => Buffer.from('504b030414000000', 'hex'), /a zip archive/],
    ['utf16.gz', () => gzipSync(Buffer.from(text, 'utf16le')), /gzip-compressed and holds what is UTF-16/],
    ['twice.gz', () => gzipSync(gzipSync(text)), /gzip-compressed and holds what is gzip-compressed/],
  ];
  for (const [name, content, message] of files)
    test(name, async () => {
      writeFileSync(inDirectory(name), content());
      writeFileSync(inDirectory('good.log'), text);
      const { code, stderr } = await runCommand(['once', name, 'good.log'], { cwd: directory.path });
      const [first, second] = stderr.split('\n');
      expect([code, first, second]).toEqual([1, expect.stringMatching(message), '50 lines, 0 rejected']);
      expect(first).toMatch(new RegExp(`^${name}: is `));
    });
});

test('zstd is read where Node.js can, all its frames; elsewhere it is named with the remedy', async () => {
  const frames = (input: string) => spawnSync('zstd', ['-c'], { input }).stdout;
  const [one, other] = [frames(requestLine().repeat(30)), frames(requestLine().repeat(7_000))];
  const skippable = Buffer.from('502a4d1803000000616263', 'hex');
  writeFileSync(inDirectory('a.log'), Buffer.concat([one, skippable, other]));
  writeFileSync(inDirectory('cut.zst'), other.subarray(0, -3));
  const { code, stderr } = await runCommand(['once', 'a.log', 'cut.zst'], { cwd: directory.path });
  expect(code).toBe(1);
  if ('zstdCompressSync' in zlib) {
    expect(stderr).toContain('cut.zst: the zstd file is cut off');
    expect(stderr).not.toContain('a.log');
  } else expect(stderr).toMatch(/^a\.log: is zstd-compressed.*zstd -dc FILE\ncut\.zst: /);
});

test('an empty file, one of blank lines and one that a hole begins are fine', async () => {
  writeFileSync(inDirectory('empty.log'), '');
  writeFileSync(inDirectory('blank.log'), '\n\r\n\n');
  writeFileSync(inDirectory('hole.log'), `${'\0'.repeat(3_000)}${requestLine()}`);
  const { code, stderr } = await runCommand(['once', 'empty.log', 'blank.log', 'hole.log'], {
    cwd: directory.path,
  });
  expect([code, stderr]).toEqual([0, '1 lines, 0 rejected\n']);
});

test('an over-long line is a line read, and its beginning is the example, masked', async () => {
  const raw = `sa_live_${'a1B2c3D4'.repeat(4)}`;
  writeFileSync(
    inDirectory('a.log'),
    `${requestLine()}${raw}\u001b[2J${'x'.repeat(70_000)}\n${requestLine()}`,
  );
  writeFileSync(inDirectory('b.log'), `y${'z'.repeat(70_000)}`);
  const { stdout, stderr } = await runCommand(['once', 'a.log', 'b.log'], { cwd: directory.path });
  expect(stderr).toMatch(
    /^4 lines, 2 rejected\n {2}too_long: 2 .*\n {4}e\.g\. a\.log: sa_live_[0-9a-f]{12}\\u001b\[2Jx+\n/,
  );
  expect(stderr).not.toContain(raw);
  expect(sumOf(stdout, 'atender_exporter_lines_total')).toBe(4);
});

test('a record whose last part never came is rejected as partial, wherever it stands', async () => {
  const cri = (tag: string, stream: string, text: string) => `2026-11-23T10:00:00Z ${stream} ${tag} ${text}`;
  const whole = `${cri('F', 'stdout', requestLine())}`;
  const part = cri('P', 'stdout', '{"keyId":"key_cut');
  writeFileSync(inDirectory('ended.log'), `${whole}${part}\n`);
  writeFileSync(inDirectory('open.log'), `${whole}${part}`);
  writeFileSync(inDirectory('streams.log'), `${part}\n${cri('F', 'stderr', requestLine())}`);
  const args = ['once', 'ended.log', 'open.log', 'streams.log', '--log.container', 'cri'];
  const { stderr } = await runCommand(args, { cwd: directory.path });
  expect(stderr).toMatch(
    /^6 lines, 3 rejected\n {2}partial: 3 .*\n {4}e\.g\. ended\.log: \{"keyId":"key_cut\n/,
  );
});
