import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OPTIONS } from '../../src/config/options.ts';
import { COMMAND, endLeftovers, runCommand, startExporter, temporaryDirectory } from '../exporter-process.ts';
import { writeRequests } from '../log-lines.ts';

let directory: { path: string; remove: () => void };

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

test('--help of serve lists every option with its environment variable', async () => {
  const { code, stdout } = await runCommand(['serve', '--help']);
  expect(code).toBe(0);
  const text = stdout.replace(/\s+/g, ' ');
  for (const { flag, variable } of OPTIONS) {
    expect(text).toContain(`${flag} <`);
    expect(text).toContain(variable);
  }
});

test('check-config prints every problem of all files with its place, and exits 1', async () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(directory.path, name), text);
    return join(directory.path, name);
  };
  const keys = file('keys.yaml', 'keys:\n  - id: a\n    tier: platinum\n  - id: a\n');
  const web = file('web.yaml', 'basic_auth_users: { admin: plain }\n');
  const config = file(
    'exporter.yaml',
    `keys: { file: ${JSON.stringify(keys)} }\nweb: { config: { file: ${JSON.stringify(web)} } }\nlog: { path: [/x], format: pattern, pattern: "(" }\nstore: { commitInterval: soon, pth: x }\n`,
  );
  const { code, stderr } = await runCommand(['check-config', '--config.file', config]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/keys\.yaml:3: keys\[0\]\.tier: /);
  expect(stderr).toMatch(/keys\.yaml:4: /);
  expect(stderr).toMatch(/web\.yaml:1: basic_auth_users\.admin: is not a bcrypt hash/);
  expect(stderr).toMatch(/log\.pattern: /);
  expect(stderr).toMatch(/exporter\.yaml:4: store\.commitInterval: /);
  expect(stderr).toMatch(/exporter\.yaml:4: store: there is no option store\.pth; did you mean path\?/);
  expect(stderr).not.toContain('plain\n');
});

test('check-config shows no raw key, wherever one was written', async () => {
  const raw = `sa_live_${'Xq9'.repeat(8)}`;
  writeFileSync(join(directory.path, 'web.yaml'), `basic_auth_users: { ${raw}: x }\n${raw}: 1\n`);
  writeFileSync(
    join(directory.path, 'exporter.yaml'),
    `${raw}: 1\nlog: { fields: { ${raw}: x } }\nweb: { ${raw}: 1, config: { file: web.yaml } }\n`,
  );
  const { code, stderr } = await runCommand(['check-config', '--config.file', 'exporter.yaml'], {
    cwd: directory.path,
  });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').length).toBe(5);
  expect(stderr).not.toContain(raw);
});

test('check-config is content with a configuration that holds', async () => {
  const { code, stdout, stderr } = await runCommand(['check-config', '--log.path', COMMAND]);
  expect([code, stdout, stderr]).toEqual([0, 'no problem found\n', '']);
});

test('serve without anything to follow says what to do and exits 1', async () => {
  const { code, stderr } = await runCommand([]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/--log\.path/);
});

test('serve is the default command, and names an address that is taken', async () => {
  writeRequests(join(directory.path, 'a.log'), 1);
  const common = ['--log.path', join(directory.path, 'a.log')];
  const first = await startExporter([...common, '--store.path', join(directory.path, '1.db')]);
  await first.ready();
  const { code, stderr } = await runCommand([
    ...['--web.listen-address', new URL(first.url).host, ...common],
    ...['--store.path', join(directory.path, '2.db')],
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot listen on .*in use/);
});

test('mask prints the masked form of a raw key from standard input', async () => {
  const raw = 'sa_test_AnExampleThatIsMasked';
  const digest = createHash('sha256').update(raw).digest('hex').slice(0, 12);
  const { stdout } = await runCommand(['mask'], { input: `${raw}\n` });
  expect(stdout).toBe(`sa_test_${digest}\n`);
});

test('field names for a format with fixed fields are refused, with the remedy', async () => {
  for (const format of ['combined', 'pattern']) {
    const { code, stderr } = await runCommand(
      ['once', '-', '--log.format', format, '--log.pattern', '(?<keyId>a) (?<status>b)'].concat(
        '--log.fields',
        '{ keyId: user }',
      ),
    );
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`log.fields: format ${format} has fixed fields; `),
    ]);
  }
});

test('check-config warns of each pattern that matches no readable file, with cause and remedy, and exits 0', async () => {
  const at = (name: string) => join(directory.path, name);
  mkdirSync(at('logs'));
  writeFileSync(at('logs/requests.log'), '');
  writeFileSync(at('logs/.hidden.log'), '');
  symlinkSync(at('gone'), at('logs/link.log'));
  const patterns = [
    'logs/request.log',
    'none/a.log',
    'logs/*.txt',
    'logs/link.log',
    'logs',
    '/dev/null',
    '~/a.log',
  ];
  const { code, stdout, stderr } = await runCommand(
    ['check-config', ...patterns.flatMap((pattern) => ['--log.path', pattern])],
    { cwd: directory.path },
  );
  expect([code, stdout]).toEqual([0, 'no error, 7 warnings\n']);
  const warnings = stderr.trim().split('\n');
  const expected = [
    /request\.log: there is no such file; did you mean .*logs\/requests\.log\?$/,
    /none: the directory does not exist; .*relative to the working directory/,
    /logs\/\*\.txt.*no file matches; /,
    /link\.log: a symbolic link leads to a file that does not exist; /,
    /logs: this is a directory; name the files in it, such as .*logs\/\*\.log$/,
    /null matches no file that can be read: this is neither a file nor a directory; /,
    /~ is not replaced by the home directory; /,
  ];
  expect(warnings).toEqual(expected.map((text) => expect.stringMatching(text)));
  for (const warning of warnings) expect(warning).toMatch(/^warning: log pattern of source default: /);
});
