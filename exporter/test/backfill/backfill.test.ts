import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { asRoot } from '../as-root.ts';
import { COMMAND, endLeftovers, runCommand, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { startPrometheus } from '../prometheus.ts';

const HOUR = 3_600;
let directory: { path: string; remove: () => void };
const file = (name: string) => join(directory.path, name);

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

interface Request {
  at: number;
  keyId: string;
  status: number;
}

/** Requests of two days up to two hours ago, some minutes apart. */
function requestsUntil(end: number): Request[] {
  const from = end - 48 * HOUR;
  return Array.from({ length: 3_000 }, (_, i) => ({
    at: from + Math.floor((i / 3_000) * 48 * HOUR) + (i % 7 === 0 ? -20 : 0),
    keyId: `key_${i % 3}`,
    status: [200, 200, 200, 429, 500][i % 5],
  }));
}

const linesOf = (requests: Request[]): string =>
  requests
    .map(({ at, ...fields }) => requestLine({ ...fields, timestamp: new Date(at * 1000).toISOString() }))
    .join('');

test('past logs become blocks of a real Prometheus whose sums at any time are those of the log', async () => {
  const end = Math.floor(Date.now() / 1000 / HOUR - 2) * HOUR;
  const requests = requestsUntil(end);
  // Two sources side by side, one of them compressed: they are merged by time.
  writeFileSync(file('a.log'), linesOf(requests.filter((_, i) => i % 2 === 0)));
  writeFileSync(file('b.log.gz'), gzipSync(linesOf(requests.filter((_, i) => i % 2 === 1))));
  const { code, stderr } = await runCommand([
    ...['backfill', file('a.log'), file('b.log.gz'), '--to', 'openmetrics', '--step', '4m'],
    ...['--output', file('out'), '--label', 'job=atender-exporter', '--label', 'instance=a:1'],
  ]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('3000 requests, 0 lines rejected, ')]);
  for (const name of readdirSync(file('out'))) {
    const made = spawnSync('promtool', [
      ...['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', join(file('out'), name), file('data')],
    ]);
    expect([made.status, String(made.stderr)]).toEqual([0, '']);
  }
  const prometheus = await startPrometheus('', { data: file('data') });
  try {
    const counted = (until: number, holds: (request: Request) => boolean = () => true) =>
      requests.filter((request) => request.at <= until && holds(request)).length;
    for (const until of [end - 40 * HOUR, end - 13 * HOUR, end - 1 * HOUR]) {
      // A series has its value within two steps of its event.
      const total = await prometheus.value(`sum(atender_requests_total{job="atender-exporter"} @ ${until})`);
      expect(total).toBeGreaterThanOrEqual(counted(until - 480));
      expect(total).toBeLessThanOrEqual(counted(until));
    }
    const last = end + 60;
    expect(
      await prometheus.vector(`sum by (key_id) (atender_requests_total{status="429"} @ ${last})`),
    ).toEqual(
      Object.fromEntries(
        ['key_0', 'key_1', 'key_2'].map((keyId) => [
          JSON.stringify({ key_id: keyId }),
          counted(end, (request) => request.keyId === keyId && request.status === 429),
        ]),
      ),
    );
    // Nothing is lost at the beginning of a series either.
    const risen = await prometheus.value(`sum(increase(atender_requests_total[50h] @ ${last}))`);
    expect(Math.abs(Number(risen) / 3_000 - 1)).toBeLessThan(0.05);
    const resets = await prometheus.value(`sum(resets(atender_requests_total[50h] @ ${last}))`);
    expect(resets).toBe(0);
    expect(await prometheus.value(`max(atender_key_last_used_timestamp_seconds @ ${last})`)).toBe(
      Math.max(...requests.map(({ at }) => at)),
    );
  } finally {
    await prometheus.stop();
  }
}, 60_000);

test('the files hold no raw key, and say with their last line that they are whole', async () => {
  const now = Date.now() / 1000 - HOUR;
  writeFileSync(
    file('a.log'),
    requestLine({ timestamp: new Date(now * 1000).toISOString(), keyId: `sa_live_${'x'.repeat(24)}` }),
  );
  const { code } = await runCommand(['backfill', file('a.log'), '--output', file('out')]);
  expect(code).toBe(0);
  const text = readdirSync(file('out')).map((name) => readFileSync(join(file('out'), name), 'utf8'));
  expect(text.join('')).toMatch(/key_id="sa_live_[0-9a-f]{12}"/);
  expect(text.join('')).not.toContain('xxx');
  for (const one of text) expect(one.endsWith('# EOF\n')).toBe(true);
});

test('a gap of years, or a clock that was wrong for one line, is not filled with samples', async () => {
  const times = ['1970-01-01T00:00:10Z', '2024-02-28T22:00:00Z', '2026-11-01T12:00:00Z'];
  writeFileSync(file('a.log'), times.map((timestamp) => requestLine({ timestamp })).join(''));
  const { code } = await runCommand(['backfill', file('a.log'), '--output', file('out')]);
  expect(code).toBe(0);
  // A day after each request, and the step before the next.
  expect(readdirSync(file('out')).sort()).toEqual(
    ['1970-01-01', '1970-01-02', '2024-02-28', '2024-02-29', '2026-11-01'].map((day) => `${day}.openmetrics`),
  );
  const last = readFileSync(join(file('out'), '2026-11-01.openmetrics'), 'utf8');
  const counted = last
    .split('\n')
    .filter((line) => line.startsWith('atender_requests_total{') && line.includes('status="200"'))
    .map((line) => line.split(' ').slice(1).map(Number));
  const noon = Date.parse('2026-11-01T12:00:00Z') / 1000;
  expect(counted[0]).toEqual([2, noon - 120]);
  expect(counted.at(-1)?.[0]).toBe(3);
}, 30_000);

test('a directory with files of an earlier run is refused, and they are left as they are', async () => {
  const at = Date.now() / 1000 - 24 * HOUR;
  writeFileSync(file('a.log'), linesOf([{ at, keyId: 'key_a', status: 200 }]));
  const run = () => runCommand(['backfill', file('a.log'), '--output', file('out')]);
  expect((await run()).code).toBe(0);
  const before = readdirSync(file('out')).map((name) => readFileSync(join(file('out'), name), 'utf8'));
  writeFileSync(file('a.log'), linesOf([{ at: at - 24 * HOUR, keyId: 'key_a', status: 200 }]));
  const { code, stderr } = await run();
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/holds files of an earlier run \(.*\.openmetrics\)/),
  ]);
  expect(readdirSync(file('out')).map((name) => readFileSync(join(file('out'), name), 'utf8'))).toEqual(
    before,
  );
});

test('a copy of a log is refused, compressed or not, also one of an earlier time; the part to leave out is named', async () => {
  const log = linesOf(requestsUntil(Math.floor(Date.now() / 1000 - HOUR)));
  // Long enough to be read in several blocks, its first two lines the same.
  const whole = log.slice(0, log.indexOf('\n') + 1) + log;
  writeFileSync(file('in.log'), whole);
  writeFileSync(file('copy.log'), whole);
  writeFileSync(file('in.log.gz'), gzipSync(whole));
  writeFileSync(file('in.log.1'), whole.slice(0, 300_000));
  writeFileSync(file('short.log.gz'), gzipSync(whole.slice(0, 600)));
  for (const [paths, refused] of [
    [['in.log', 'copy.log'], 'copy.log in in.log'],
    [['in.log', 'in.log.gz'], 'in.log.gz in in.log'],
    [['in.log', 'in.log.1'], 'in.log.1 in in.log'],
    [['in.log.1', 'in.log'], 'in.log.1 in in.log'],
    [['in.log.gz', 'short.log.gz'], 'short.log.gz in in.log.gz'],
  ] as const) {
    const { code, stderr } = await runCommand(['backfill', ...paths.map(file), '--output', file('out')]);
    const [part, within] = refused.split(' in ').map(file);
    expect([code, stderr]).toEqual([
      1,
      `${part}: all it holds is in ${within} too, and would count twice; leave it out\n`,
    ]);
  }
}, 30_000);

test('files that only begin alike, are empty, or say nothing but one line are all read', async () => {
  const log = linesOf(requestsUntil(Math.floor(Date.now() / 1000 - HOUR)));
  const [line] = log.split(/(?<=\n)/);
  const last = (keyId: string) => linesOf([{ at: Date.now() / 1000 - HOUR, keyId, status: 200 }]);
  writeFileSync(file('a.log'), log + last('key_a'));
  writeFileSync(file('b.log.gz'), gzipSync(log + last('key_b')));
  for (const name of ['one.log', 'other.log']) writeFileSync(file(name), line);
  for (const name of ['empty.log', 'empty.log.1']) writeFileSync(file(name), '');
  writeFileSync(file('empty.log.gz'), gzipSync(''));
  const names = ['a.log', 'b.log.gz', 'one.log', 'other.log', 'empty.log', 'empty.log.1', 'empty.log.gz'];
  const { code, stderr } = await runCommand(['backfill', ...names.map(file), '--output', file('out')]);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`${2 * 3_001 + 2} requests, `)]);
}, 30_000);

test('a pipe beside a log is read to its end, from its beginning', () => {
  writeFileSync(file('a.log'), linesOf(requestsUntil(Math.floor(Date.now() / 1000 - HOUR)).slice(0, 20)));
  writeFileSync(file('b.log'), linesOf(requestsUntil(Math.floor(Date.now() / 1000 - 3 * HOUR)).slice(0, 20)));
  const { status, stderr } = spawnSync('bash', [
    ...['-c', '"$1" "$2" backfill "$3" <(cat "$4") --output "$5"', 'bash', process.execPath, COMMAND],
    ...['a.log', 'b.log', 'out'].map(file),
  ]);
  expect([status, String(stderr)]).toEqual([0, expect.stringContaining('40 requests, ')]);
});

test('on a full disk it says so, and promtool takes none of the half files', async () => {
  mkdirSync(file('small'));
  asRoot('mount', '-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', file('small'));
  try {
    // In one day: of a late evening there is so little that its file would be whole.
    const start = (Math.floor(Date.now() / (24 * HOUR * 1000)) - 1) * 24 * HOUR;
    writeFileSync(
      file('a.log'),
      linesOf([0, 12].map((hours) => ({ at: start + hours * HOUR, keyId: 'key_a', status: 200 }))),
    );
    const { code, stderr } = await runCommand(['backfill', file('a.log'), '--output', file('small')]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^\S+: ENOSPC; see to the path/)]);
    for (const name of readdirSync(file('small')))
      expect(readFileSync(join(file('small'), name), 'utf8')).not.toContain('# EOF');
  } finally {
    asRoot('umount', '--lazy', file('small'));
  }
});

test('flags and files that cannot be used are named with what to do', async () => {
  const error = async (...args: string[]) => (await runCommand(['backfill', ...args])).stderr;
  writeFileSync(file('a.log'), '');
  expect(await error(file('none.log'), '--output', file('out'))).toMatch(
    /none\.log: ENOENT; see to the path/,
  );
  expect(await error(file('a.log'), '--output', file('a.log'))).toMatch(/a\.log: (EEXIST|ENOTDIR); see to/);
  writeFileSync(file('cut.log.gz'), gzipSync(linesOf(requestsUntil(2 * HOUR))).subarray(0, 200));
  expect(await error(file('cut.log.gz'), '--output', file('cut'))).toMatch(
    /cut\.log\.gz: the gzip file is cut off or damaged \(Z_BUF_ERROR\); put it back/,
  );
  expect(await error(directory.path, '--output', file('out'))).toContain(`${directory.path}: EISDIR`);
  symlinkSync(file('a.log'), file('current.log'));
  expect(await error(file('a.log'), file('current.log'), '--output', file('out'))).toContain(
    'current.log: it is given twice',
  );
  expect(await error(file('a.log'), '--label', 'job=a', '--label', 'job=b')).toContain(
    '--label: job is given twice',
  );
  expect(await error(file('a.log'), '--step', '10m')).toContain(
    '--step: must be whole seconds from 1s to 299s',
  );
  expect(await error(file('a.log'), '--to', 'csv')).toContain('there is openmetrics');
  expect(await error(file('a.log'), '--label', 'job')).toContain('is not of the form name=value');
  for (const name of ['key_id', 'le', '__name__'])
    expect(await error(file('a.log'), '--label', `${name}=x`)).toContain(`${name} is a label of the metrics`);
});
