import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine, writeRequests } from '../log-lines.ts';

let directory: { path: string; remove: () => void };
let log: string;
let store: string;
let args: string[];

beforeEach(() => {
  directory = temporaryDirectory();
  log = join(directory.path, 'requests.log');
  store = join(directory.path, 'exporter.db');
  args = ['--log.path', log, '--store.path', store, '--metrics.zero-hold', '0s'];
});

afterEach(() => {
  endLeftovers();
  directory.remove();
});

async function readOnce(lines: number): Promise<void> {
  writeRequests(log, lines);
  const exporter = await startExporter(args);
  await exporter.ready();
  await eventually(async () => expect(sumOf(await exporter.metrics(), 'atender_requests_total')).toBe(lines));
  expect(await exporter.end('SIGTERM')).toBe(0);
}

describe('stopping and starting again', () => {
  test('SIGTERM while it is still starting ends with 0, too', async () => {
    writeRequests(log, 10);
    const exporter = await startExporter(args);
    // Its ingestion thread has begun; HTTP is not answered yet, or only just.
    await eventually(() => expect(existsSync(`${store}.lock`)).toBe(true), 30_000);
    expect(await exporter.end('SIGTERM')).toBe(0);
  });

  test('SIGTERM commits what was read, ends with 0 within 5 s, and the next start goes on from there', async () => {
    writeRequests(log, 200_000);
    const first = await startExporter(args);
    await eventually(async () => expect((await fetch(`${first.url}/-/healthy`)).status).toBe(200), 30_000);
    const asked = Date.now();
    expect(await first.end('SIGTERM')).toBe(0);
    expect(Date.now() - asked).toBeLessThan(5_000);

    appendFileSync(log, requestLine());
    const second = await startExporter(args);
    await second.ready();
    await eventually(async () => {
      const text = await second.metrics();
      expect(sumOf(text, 'atender_requests_total')).toBe(200_001);
      expect(sumOf(text, 'atender_exporter_lines_total')).toBe(200_001);
    });
  });

  test('a first start on a backlog shows no key before it is read, then its history in the first value', async () => {
    writeRequests(log, 400_000);
    const exporter = await startExporter([...args.slice(0, 4), '--metrics.zero-hold', '35s']);
    const seen = new Set<number>();
    await eventually(async () => {
      const text = await exporter.metrics();
      const ready = (await fetch(`${exporter.url}/-/ready`)).status === 200;
      if (text.includes('atender_requests_total{'))
        seen.add(sumOf(text, 'atender_requests_total', 'status="200"'));
      expect(ready && seen.size > 0).toBe(true);
    }, 30_000);
    expect([...seen]).toEqual([400_000]);
  });
});

describe('a store that cannot be trusted is refused, never silently replaced', () => {
  const damages: [string, (path: string) => void, RegExp][] = [
    ['empty', (path) => truncateSync(path, 0), /empty/i],
    ['truncated', (path) => truncateSync(path, 8_192), /truncated|corrupt|damaged|malformed/i],
    [
      'overwritten',
      (path) => writeFileSync(path, 'not a database at all\n'.repeat(1_000)),
      /not a|database/i,
    ],
  ];
  for (const [damage, apply, words] of damages) {
    test(`${damage}: exits 1, names the file and the remedy, and leaves the file as it is`, async () => {
      await readOnce(50);
      apply(store);
      const before = readFileSync(store);
      const exporter = await startExporter(args);
      expect(await exporter.exited).toBe(1);
      expect(exporter.output()).toMatch(words);
      expect(exporter.output()).toContain(store);
      expect(exporter.output()).not.toMatch(/\.js:\d+/);
      expect(readFileSync(store).equals(before)).toBe(true);
    });
  }

  test('a second exporter on the same store: exits 1 and says who must go; the first goes on', async () => {
    writeRequests(log, 10);
    const first = await startExporter(args);
    await first.ready();
    const second = await startExporter(args);
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(store);
    expect(second.output()).toMatch(/another|in use|locked/i);
    writeRequests(log, 5);
    await eventually(async () => expect(sumOf(await first.metrics(), 'atender_requests_total')).toBe(15));
  });

  test('a store taken away while running: the exporter stays up, says so in its metrics, and heals', async () => {
    writeRequests(log, 10);
    const exporter = await startExporter(args);
    await exporter.ready();
    renameSync(store, `${store}.away`);
    writeRequests(log, 10);
    await eventually(async () => {
      const text = await exporter.metrics();
      expect(sumOf(text, 'atender_exporter_commit_errors_total')).toBeGreaterThan(0);
      expect(sumOf(text, 'atender_requests_total')).toBe(10);
    });
    renameSync(`${store}.away`, store);
    await eventually(async () => expect(sumOf(await exporter.metrics(), 'atender_requests_total')).toBe(20));
    expect(await exporter.end('SIGTERM')).toBe(0);
  });
});

test('a log path that cannot be read is named, with the remedy, and the others are followed', async () => {
  writeRequests(log, 10);
  const folder = join(directory.path, 'folder');
  mkdirSync(folder);
  const exporter = await startExporter([...args, '--log.path', folder]);
  await exporter.ready();
  await eventually(async () => {
    expect(exporter.output()).toContain(`log file ${folder}: open failed`);
    expect(exporter.output()).toContain('DIRECTORY/*.log');
    const text = await exporter.metrics();
    expect(sumOf(text, 'atender_requests_total')).toBe(10);
    expect(sumOf(text, 'atender_exporter_file_errors_total', 'op="open"')).toBe(1);
  });
});

describe('nothing the process writes holds a raw key', () => {
  test('raw keys in key fields, paths, tenants, user agents and broken lines stay out of metrics, pages, store and messages', async () => {
    const secret = 'Zx81SecretPartOfAKey';
    const raw = `sa_live_${secret}`;
    mkdirSync(join(directory.path, 'logs'));
    const lines = [
      requestLine({ keyId: raw }),
      requestLine({ keyId: `Bearer ${raw}`, status: 403 }),
      requestLine({ keyId: encodeURIComponent(raw).replaceAll('_', '%5F') }),
      requestLine({ endpoint: `/v1/keys/${raw}` }),
      requestLine({ endpoint: `/v1/keys/${raw.replaceAll('_', '%5f')}/x` }),
      requestLine({ tenantId: raw, keyId: 'key_a' }),
      requestLine({ userAgent: raw, requestId: raw, method: raw }),
      requestLine({ ip: raw }),
      `${raw} is not json\n`,
      `{"keyId":"sa\\u005flive_${secret}","status":\n`,
      requestLine({ keyId: raw, status: 9999 }),
      requestLine({ keyId: raw, timestamp: raw }),
    ];
    writeFileSync(log, lines.join(''));
    const exporter = await startExporter([...args, '--log.level', 'trace']);
    await exporter.ready();
    const written = [await exporter.metrics(), await (await fetch(`${exporter.url}/`)).text()];
    expect(sumOf(written[0], 'atender_exporter_lines_total')).toBe(lines.length);
    expect(await exporter.end('SIGTERM')).toBe(0);
    const once = await runCommand(['once', log]);
    written.push(exporter.output(), once.stdout, once.stderr);
    for (const file of [store, `${store}-wal`, `${store}.lock`])
      written.push(readFileSync(file, { encoding: 'latin1', flag: 'a+' }));
    for (const text of written) expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
    expect(written[0]).toMatch(/key_id="sa_live_[0-9a-f]{12}"/);
  });
});
