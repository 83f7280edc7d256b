import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  type ExporterProcess,
  endLeftovers,
  eventually,
  freePort,
  runCommand,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../exporter-process.ts';
import { type EntryFields, exported, JournalWriter, writeEntries } from '../journal-files.ts';
import { requestLine } from '../log-lines.ts';

const KILLS = Number(process.env.ATENDER_TEST_KILLS ?? 6);

let directory: ReturnType<typeof temporaryDirectory>;
let journal: string;
const at = (name: string) => join(directory.path, name);

beforeEach(() => {
  directory = temporaryDirectory();
  journal = at('journal');
  mkdirSync(journal);
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

let clock = Date.now() * 1000;
const entry = (fields: EntryFields = {}, boot?: string): Buffer => {
  clock += 1_000;
  return exported({ _SYSTEMD_UNIT: 'api.service', MESSAGE: requestLine().trim(), ...fields }, clock, boot);
};
const entries = (count: number, fields: EntryFields = {}) =>
  Array.from({ length: count }, () => entry(fields));

function args(more: Record<string, unknown> = {}, source: Record<string, unknown> = {}): string[] {
  const config = at('exporter.yaml');
  const journald = { units: ['api.service'], directory: journal, ...more };
  writeFileSync(
    config,
    JSON.stringify({
      log: { sources: [{ name: 'api', journald, ...source }] },
      store: { path: at('exporter.db'), commitInterval: '100ms' },
      metrics: { zeroHold: '0s' },
    }),
  );
  return ['--config.file', config];
}

const requests = async (exporter: ExporterProcess, ...labels: string[]) =>
  sumOf(await exporter.metrics(), 'atender_requests_total', ...labels);
const selfMetric = async (exporter: ExporterProcess, name: string, ...labels: string[]) =>
  sumOf(await exporter.metrics(), `atender_exporter_${name}`, ...labels);
const counts = (exporter: ExporterProcess, wanted: number) =>
  eventually(async () => expect(await requests(exporter)).toBe(wanted), 20_000);

test('reads the entries of a unit that are there before it is ready, then those that come', async () => {
  writeEntries(journal, [
    ...entries(500),
    ...entries(50, { _SYSTEMD_UNIT: 'other.service' }),
    ...entries(500),
  ]);
  const exporter = await startExporter(args());
  await exporter.ready();
  expect(await requests(exporter)).toBe(1_000);
  writeEntries(journal, entries(7));
  await counts(exporter, 1_007);
  expect(await selfMetric(exporter, 'lines_total', 'source="api"')).toBe(1_007);
  expect(await selfMetric(exporter, 'behind_bytes')).toBe(0);
  expect(Date.now() / 1000 - (await selfMetric(exporter, 'last_look_timestamp_seconds'))).toBeLessThan(5);
  expect(await exporter.end('SIGTERM')).toBe(0);
  expect(childrenOf(journal)).toEqual([]);
});

test('takes what matches: units are alternatives, matches narrow them', async () => {
  writeEntries(journal, [
    entry({ SYSLOG_IDENTIFIER: 'nginx' }),
    entry({ _SYSTEMD_UNIT: 'web.service', SYSLOG_IDENTIFIER: 'nginx' }),
    entry({ _SYSTEMD_UNIT: 'web.service', SYSLOG_IDENTIFIER: 'cron' }),
    entry({ _SYSTEMD_UNIT: 'third.service', SYSLOG_IDENTIFIER: 'nginx' }),
  ]);
  const units = ['api.service', 'web.service'];
  const exporter = await startExporter(args({ units, matches: ['SYSLOG_IDENTIFIER=nginx'] }));
  await exporter.ready();
  expect(await requests(exporter)).toBe(2);
});

test('reads messages that are long, no UTF-8, several, over-long or missing', async () => {
  const long = requestLine({ userAgent: 'x'.repeat(20_000) }).trim();
  const latin = Buffer.from(requestLine({ userAgent: 'caf\u00e9' }).trim(), 'latin1');
  writeEntries(journal, [
    entry({ MESSAGE: long }),
    entry({ MESSAGE: latin }),
    entry({ MESSAGE: [requestLine().trim(), Buffer.from(`${requestLine().trim()}\n`)] }),
    entry({ MESSAGE: 'x'.repeat(70_000) }),
    entry({ MESSAGE: 'x'.repeat(900_000) }),
    entry({ MESSAGE: [] }),
    entry({ MESSAGE: '' }),
    entry({ MESSAGE: 'no request' }),
    entry(),
  ]);
  const exporter = await startExporter(args());
  await exporter.ready();
  expect(await requests(exporter)).toBe(5);
  expect(await selfMetric(exporter, 'lines_rejected_total', 'reason="too_long"')).toBe(2);
  expect(await selfMetric(exporter, 'lines_rejected_total')).toBe(3);
  await exporter.end('SIGTERM');
  const next = await startExporter(args());
  await next.ready();
  await wait(500);
  expect(await selfMetric(next, 'lines_rejected_total')).toBe(3);
});

test('asks journalctl for no field but MESSAGE, as others may hold secrets', async () => {
  const bin = at('bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'journalctl'),
    `#!/bin/sh\necho "$@" >> ${at('asked')}\nexec ${journalctlPath()} "$@"\n`,
    { mode: 0o755 },
  );
  writeEntries(journal, [entry({ PASSWORD: 'hunter2' })]);
  const exporter = await startExporter(args(), { env: { PATH: `${bin}:${process.env.PATH}` } });
  await counts(exporter, 1);
  await eventually(async () => expect(await selfMetric(exporter, 'files_open')).toBe(1));
  const asked = readFileSync(at('asked'), 'utf8').trim().split('\n');
  const showing = asked.filter((words) => !words.includes('--lines=0'));
  expect(showing.length).toBeGreaterThan(1);
  for (const words of showing) {
    expect(words).toMatch(/--output-fields=(MESSAGE|_BOOT_ID) /);
    const shown = spawnSync(journalctlPath(), words.replace('--follow', '').split(' ').filter(Boolean), {
      encoding: 'utf8',
    });
    expect(shown.stdout).not.toContain('hunter2');
  }
});

test('counts an entry once over restarts, rotation and a boot, also those written while it is down', async () => {
  writeEntries(journal, entries(100));
  const first = await startExporter(args());
  await first.ready();
  // As journald archives a file.
  renameSync(join(journal, 'system.journal'), join(journal, 'system@0001.journal'));
  writeEntries(journal, entries(50));
  await counts(first, 150);
  await first.end('SIGKILL');
  writeEntries(journal, [...entries(20), entry({}, 'b'.repeat(32)), entry({}, 'b'.repeat(32))]);
  renameSync(join(journal, 'system.journal'), join(journal, 'system@0002.journal'));
  writeEntries(journal, entries(5));
  const second = await startExporter(args());
  await second.ready();
  expect(await requests(second)).toBe(177);
  expect(await selfMetric(second, 'journal_gaps_total')).toBe(0);
});

test('vacuum of what was read loses nothing and reports nothing', async () => {
  writeEntries(journal, entries(100), 'system@0001');
  const first = await startExporter(args());
  await first.ready();
  writeEntries(journal, entries(10));
  await counts(first, 110);
  rmSync(join(journal, 'system@0001.journal'));
  writeEntries(journal, entries(10));
  await counts(first, 120);
  await first.end('SIGTERM');
  const second = await startExporter(args());
  await second.ready();
  expect(await requests(second)).toBe(120);
  expect(await selfMetric(second, 'journal_gaps_total')).toBe(0);
});

test('reports entries as possibly lost, once, when the one it stopped at was vacuumed away', async () => {
  writeEntries(journal, entries(100));
  const first = await startExporter(args());
  await counts(first, 100);
  await first.end('SIGTERM');
  writeEntries(journal, entries(30));
  rmSync(join(journal, 'system.journal'));
  writeEntries(journal, entries(40));
  const second = await startExporter(args());
  await counts(second, 140);
  expect(await selfMetric(second, 'journal_gaps_total', 'source="api"')).toBe(1);
  expect(second.output()).toMatch(/api: the journal no longer holds the entry that was read last/);
  await second.end('SIGKILL');
  const third = await startExporter(args());
  await third.ready();
  await wait(500);
  expect(await requests(third)).toBe(140);
  expect(await selfMetric(third, 'journal_gaps_total')).toBe(1);
});

test('reports a journal that was emptied, once, and reads what comes then', async () => {
  writeEntries(journal, entries(3));
  const first = await startExporter(args());
  await counts(first, 3);
  await first.end('SIGTERM');
  rmSync(join(journal, 'system.journal'));
  const second = await startExporter(args());
  await second.ready();
  await eventually(async () => expect(await selfMetric(second, 'journal_gaps_total')).toBe(1));
  writeEntries(journal, entries(2));
  await counts(second, 5);
  await second.end('SIGTERM');
  const third = await startExporter(args());
  await third.ready();
  expect(await requests(third)).toBe(5);
  expect(await selfMetric(third, 'journal_gaps_total')).toBe(1);
});

test('with readFrom end, begins behind what is there, and reads what is written while it is down', async () => {
  writeEntries(journal, [...entries(10), entry({ _SYSTEMD_UNIT: 'other.service' })]);
  const options = args({}, { readFrom: 'end' });
  const first = await startExporter(options);
  await first.ready();
  await eventually(async () => expect(await selfMetric(first, 'files_open')).toBe(1));
  await wait(500);
  await first.end('SIGKILL');
  writeEntries(journal, entries(4));
  const second = await startExporter(options);
  await counts(second, 4);
});

test(
  `after ${KILLS} kill -9 at random moments, with entries written and files rotated all the while, every entry is counted once`,
  async () => {
    const port = await freePort();
    const options = args();
    let written = 0;
    let writing = true;
    const writer = (async () => {
      for (let file = 1; writing; file++) {
        const open = new JournalWriter(journal);
        for (let block = 0; block < 40 && writing; block++) {
          const count = 1 + Math.floor(Math.random() * 100);
          await open.write(entries(count));
          written += count;
          await wait(Math.random() * 30);
        }
        await open.close();
        renameSync(
          join(journal, 'system.journal'),
          join(journal, `system@${String(file).padStart(4, '0')}.journal`),
        );
      }
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      const exporter = await startExporter(options, { port });
      await wait(200 + Math.random() * 1_500);
      await exporter.end('SIGKILL');
    }
    writing = false;
    await writer;
    const last = await startExporter(options, { port });
    await counts(last, written);
    await wait(1_000);
    expect(await requests(last)).toBe(written);
    expect(await selfMetric(last, 'lines_total')).toBe(written);
    expect(await selfMetric(last, 'journal_gaps_total')).toBe(0);
  },
  60_000 + 4_000 * KILLS,
);

test('names cause and remedy where journalctl is missing, is ready without it, and does not try in a loop', async () => {
  const bin = at('bin');
  mkdirSync(bin);
  for (const program of ['sh', 'node'])
    if (existsSync(`/usr/bin/${program}`)) symlinkSync(`/usr/bin/${program}`, join(bin, program));
  const exporter = await startExporter(args(), { env: { PATH: bin } });
  await exporter.ready();
  await eventually(() =>
    expect(exporter.output()).toMatch(/journal cannot be read.*ENOENT.*install journalctl/),
  );
  await wait(2_500);
  const errors = await selfMetric(exporter, 'file_errors_total', 'op="journalctl"');
  expect(errors).toBeGreaterThan(0);
  expect(errors).toBeLessThan(5);
  expect(await selfMetric(exporter, 'last_look_timestamp_seconds')).toBe(0);
  symlinkSync(journalctlPath(), join(bin, 'journalctl'));
  writeEntries(journal, entries(2));
  await counts(exporter, 2);
  expect(exporter.output()).toContain('the journal is read again');
});

test.each([
  [
    'may not be read',
    'No journal files were opened due to insufficient permissions.',
    /group systemd-journal/,
  ],
  ['has no such directory', 'Failed to open /x: No such file or directory', /correct journald.directory/],
])('names the remedy where the journal %s', async (_, message, remedy) => {
  const bin = at('bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'journalctl'), `#!/bin/sh\necho '${message}' >&2\nexit 1\n`, { mode: 0o755 });
  const exporter = await startExporter(args(), { env: { PATH: `${bin}:${process.env.PATH}` } });
  await exporter.ready();
  await eventually(() => expect(exporter.output()).toMatch(remedy));
  expect(exporter.output()).toContain(message);
  expect(await selfMetric(exporter, 'last_look_timestamp_seconds')).toBe(0);
});

test('warns where the exporter sees only its own part of the journal', async () => {
  const bin = at('bin');
  mkdirSync(bin);
  const hint = 'Hint: You are currently not seeing messages from other users and the system.';
  writeFileSync(
    join(bin, 'journalctl'),
    `#!/bin/sh\ncase "$*" in *output=cat*) echo '${hint}' >&2 ;; esac\nexec ${journalctlPath()} "$@"\n`,
    { mode: 0o755 },
  );
  const exporter = await startExporter(args(), { env: { PATH: `${bin}:${process.env.PATH}` } });
  await eventually(() => expect(exporter.output()).toMatch(/only a part of the journal.*systemd-journal/));
});

test('goes on where it was when journalctl is killed', async () => {
  const exporter = await startExporter(args());
  writeEntries(journal, entries(10));
  await counts(exporter, 10);
  for (const pid of childrenOf(journal)) process.kill(pid, 'SIGKILL');
  writeEntries(journal, entries(5));
  await counts(exporter, 15);
  await wait(500);
  expect(await requests(exporter)).toBe(15);
  expect(await selfMetric(exporter, 'file_errors_total', 'op="journalctl"')).toBe(1);
});

test('leaves no journalctl behind when it is killed', async () => {
  writeEntries(journal, entries(1));
  const exporter = await startExporter(args());
  await counts(exporter, 1);
  await eventually(() => expect(childrenOf(journal)).toHaveLength(1));
  await exporter.end('SIGKILL');
  await eventually(() => expect(childrenOf(journal)).toEqual([]));
});

test('a reload changes what matches and goes on from there', async () => {
  writeEntries(journal, [...entries(3), ...entries(2, { _SYSTEMD_UNIT: 'web.service' })]);
  const exporter = await startExporter(args());
  await counts(exporter, 3);
  args({ units: ['api.service', 'web.service'] });
  process.kill(exporter.pid, 'SIGHUP');
  await eventually(() => expect(exporter.output()).toContain('reloaded'));
  writeEntries(journal, [...entries(1), entry({ _SYSTEMD_UNIT: 'web.service' })]);
  // The two that came behind the last one that was read match now.
  await counts(exporter, 7);
});

test.each([
  ['neither', '{ name: api }', /path: is missing; name files here, or entries of the journal/],
  ['both', '{ name: api, path: [x], journald: { units: [api.service] } }', /either path or journald/],
  ['nothing to match', '{ name: api, journald: {} }', /no unit and no match/],
  ['a unit without its kind', '{ name: api, journald: { units: [api] } }', /no unit; write its full name/],
  [
    'a match that is an option',
    '{ name: api, journald: { matches: [--help] } }',
    /no match; write FIELD=value/,
  ],
  ['a wrapper', '{ name: api, container: cri, journald: { units: [api.service] } }', /has no wrapper/],
])('check-config refuses a journal source with %s', async (_, source, problem) => {
  const config = at('exporter.yaml');
  writeFileSync(config, `log:\n  sources: [${source}]\n`);
  const { code, stderr } = await runCommand(['check-config', '--config.file', config]);
  expect(code).toBe(1);
  expect(stderr).toMatch(problem);
});

function journalctlPath(): string {
  return spawnSync('sh', ['-c', 'command -v journalctl'], { encoding: 'utf8' }).stdout.trim();
}

/** Running journalctl that read this directory. */
function childrenOf(place: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[0] === 'journalctl' && words.includes(`--directory=${place}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
