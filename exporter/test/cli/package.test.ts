import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { COMMAND, endLeftovers, startExporter, temporaryDirectory } from '../exporter-process.ts';

const exporter = dirname(dirname(COMMAND));

afterEach(endLeftovers);

test('the npm package has all that runs, and nothing that builds or tests it', () => {
  const directory = temporaryDirectory();
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: directory.path, encoding: 'utf8', stdio: 'pipe' });
  try {
    run('npm', 'pack', exporter, '--silent');
    run('tar', '-xzf', 'atender-exporter-0.1.0.tgz');
    // Its dependencies, as an installation would put them.
    symlinkSync(
      fileURLToPath(new URL('../../../node_modules', import.meta.url)),
      join(directory.path, 'node_modules'),
    );
    expect(run(process.execPath, 'package/bin/atender-exporter.js', '--version')).toBe('0.1.0\n');
    expect(readdirSync(join(directory.path, 'package')).sort()).toEqual([
      'bin',
      'dist',
      'keys.example.yaml',
      'package.json',
      'schema',
    ]);
  } finally {
    directory.remove();
  }
});

test('the licence of every library in the bundle lies beside it', () => {
  const dist = join(exporter, 'dist');
  const notices = readFileSync(join(dist, 'LICENSES.txt'), 'utf8');
  const bundled = new Set<string>();
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.js')))
    for (const [, library] of readFileSync(join(dist, file), 'utf8').matchAll(
      /^\/\/ \S*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/gm,
    ))
      bundled.add(library);
  expect(bundled.size).toBeGreaterThan(50);
  // Its name, and then a text before the next name.
  for (const library of bundled)
    expect(notices).toMatch(new RegExp(`^${library} \\d\\S*: \\S+\\s+(?!\\S+ \\d\\S*: )\\S`, 'm'));
});

test('no client can have Node write into the log that a library in the bundle uses what is deprecated', async () => {
  const directory = temporaryDirectory();
  try {
    writeFileSync(join(directory.path, 'requests.log'), '');
    // Node 20 has those warnings only on demand.
    const env = { NODE_OPTIONS: '--pending-deprecation' };
    const running = await startExporter(['--log.path', 'requests.log'], { cwd: directory.path, env });
    await running.ready();
    for (const path of ['http://localhost/-/healthy', '/-/healthy#'])
      expect(await statusOf(running.url, path)).toBe(200);
    expect(await running.end('SIGTERM')).toBe(0);
    expect(running.output()).toMatch(/^page: \S+\nmetrics: \S+\n$/);
  } finally {
    directory.remove();
  }
});

/** Asks for a path that no URL could have. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const asked = request(url, { path }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}
