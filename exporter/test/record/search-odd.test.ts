import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asRoot } from '../as-root.ts';
import {
  COMMAND,
  type ExporterProcess,
  endLeftovers,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

const RAW = 'sa_live_abcDEF123/ghi+jkl=';
const directory = temporaryDirectory();
const under = (name: string) => join(directory.path, name);
const places = () => [
  ...['--record.path', under('record'), '--store.path', under('a.db'), '--keys.file', under('keys.yaml')],
];
let exporter: ExporterProcess;

beforeAll(async () => {
  const masked = (await runCommand(['mask'], { input: RAW })).stdout.trim();
  writeFileSync(
    under('keys.yaml'),
    `keys: [{ id: key_known, fingerprints: [${masked}] }, { id: 50%off }, { id: ${'long'.repeat(50)} }]\n`,
  );
  const requests = [
    { keyId: RAW, ip: '192.0.2.1' },
    { keyId: '50%off', ip: '2001:db8::1' },
    { keyId: 'long'.repeat(50), ip: undefined },
    { keyId: '=1+1', ip: '10.0.0.1', userAgent: '=cmd|"calc";\n"x"' },
    { ip: '10.0.0.2', userAgent: 'agent\x1b[2J\x9b2J\0\u202e' },
  ];
  writeFileSync(under('requests.log'), requests.map(requestLine).join(''));
  exporter = await startExporter([
    ...places(),
    ...['--log.path', under('requests.log'), '--record.archive', 'on'],
  ]);
  await exporter.ready();
});
afterAll(async () => {
  await exporter?.end('SIGTERM');
  endLeftovers();
  directory.remove();
});

const search = (...args: string[]) => runCommand(['audit', 'search', ...places(), ...args]);
const found = async (...args: string[]): Promise<(string | null)[]> =>
  (await search(...args)).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).ip);

describe('a key is found by every name it has, by the command and the API', () => {
  test.each([
    ['its id', 'key_known', '192.0.2.1'],
    ['the raw key, whatever is in it', RAW, '192.0.2.1'],
    ['an id that is written otherwise in the archive', '50%off', '2001:db8::1'],
    ['an id that is shortened in the archive', 'long'.repeat(50), null],
  ])('%s', async (_, key, ip) => {
    expect(await found('--key', key)).toEqual([ip]);
    const answer = await fetch(`${exporter.url}/api/v1/requests?${new URLSearchParams({ key })}`);
    const { requests } = (await answer.json()) as { requests: { ip: string | null }[] };
    expect(requests.map((request) => request.ip)).toEqual([ip]);
  });
});

test('a network of no bits is all addresses of its family', async () => {
  expect((await found('--ip', '0.0.0.0/0')).sort()).toEqual(['10.0.0.1', '10.0.0.2', '192.0.2.1']);
  expect(await found('--ip', '::/0')).toEqual(['2001:db8::1']);
});

test('a hostile value stays one cell of CSV that no spreadsheet runs', async () => {
  const { stdout } = await search('--ip', '10.0.0.1', '--format', 'csv');
  const [head, row] = stdout.split(/\r\n/);
  expect(head).toMatch(/^time,key_id,/);
  expect(row).toContain(`,%3D1+1,`);
  expect(row).toContain(`,"'=cmd|""calc"";\n""x""",`);
});

test.each(['csv', 'jsonl'])(
  'on a terminal %s has nothing that the terminal would obey; in a file it is as it was logged',
  async (format) => {
    const command = [process.execPath, COMMAND, 'audit', 'search', ...places()];
    const asked = ['--ip', '10.0.0.2', '--format', format];
    const line = `${[...command, ...asked].map((word) => `'${word}'`).join(' ')} 2>/dev/null`;
    const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const shown = String(stdout)
      .split('\r\n')
      .find((one) => one.includes('10.0.0.2')) as string;
    expect(shown).toContain('agent\\u001b[2J\\u009b2J\\u0000\\u202e');
    expect(shown).not.toMatch(/\p{C}/u);
    await search(...asked, '--output', under(`raw.${format}`));
    expect(readFileSync(under(`raw.${format}`), 'utf8')).toContain('\u009b2J');
  },
);

test('the API takes a limit in decimal digits only', async () => {
  for (const limit of ['1e2', '0x10', '%2B5', '1001']) {
    const answer = await fetch(`${exporter.url}/api/v1/requests?limit=${limit}`);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'limit: write a whole number from 1 to 1000' }),
    ]);
  }
});

describe('output that cannot be written whole', () => {
  test.each(['csv', 'parquet'])('to a directory that is not there fails: %s', async (format) => {
    const { code, stderr } = await search('--output', under('none/found'), '--format', format);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^--output: there is no directory \S+none; /)]);
  });

  test.each(['csv', 'parquet'])('on a full disk fails and leaves no half of it: %s', async (format) => {
    const mount = under(`small-${format}`);
    mkdirSync(mount);
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=4k,mode=777', 'tmpfs', mount);
    try {
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(4096));
      const { code } = await search('--output', join(mount, 'found'), '--format', format);
      expect([code, existsSync(join(mount, 'found'))]).toEqual([1, false]);
    } finally {
      asRoot('umount', '--lazy', mount);
    }
  });
});

test('a reader that has enough ends the search quietly', () => {
  const command = [process.execPath, COMMAND, 'audit', 'search', ...places()];
  const { stderr } = spawnSync('sh', ['-c', '"$@" | true', 'sh', ...command]);
  expect(String(stderr)).not.toMatch(/Error|EPIPE/);
});
