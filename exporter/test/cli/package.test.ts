import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { COMMAND, temporaryDirectory } from '../exporter-process.ts';

const exporter = dirname(dirname(COMMAND));

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
