import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runCommand, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { requestLine, writeRequests } from '../log-lines.ts';
import { parseExposition } from '../metrics/exposition-parser.ts';

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
