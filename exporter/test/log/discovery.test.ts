import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { Discovery } from '../../src/log/discovery.ts';
import { temporaryDirectory } from '../exporter-process.ts';

/** Renames app.log.N … app.log.1 one up, as logrotate does, and down again, for ever. */
const ROTATING = `
  const { renameSync } = require('node:fs');
  const { workerData: { path, files, turns } } = require('node:worker_threads');
  for (;;) {
    for (let n = files; n >= 1; n--) renameSync(path + '.' + n, path + '.' + (n + 1));
    Atomics.wait(turns, 0, 0, 1 + Math.random() * 3);
    for (let n = 1; n <= files; n++) renameSync(path + '.' + (n + 1), path + '.' + n);
    Atomics.wait(turns, 0, 0, 1 + Math.random() * 3);
  }`;

test('a look in the midst of a rotation finds every file, or says that it could not', async () => {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'app.log');
  const files = 40;
  writeFileSync(path, '');
  for (let n = 1; n <= files; n++) writeFileSync(`${path}.${n}`, '');
  const inodes = readdirSync(directory.path).map((name) => String(statSync(join(directory.path, name)).ino));
  const options = {
    name: 'app',
    paths: [path],
    readFrom: 'beginning',
    maxLineBytes: 1000,
    staleAfter: 0,
  } as const;
  const discovery = new Discovery([{ ...options, paths: [path] }], (...failure) => {
    throw new Error(failure.join(' '));
  });
  const turns = new Int32Array(new SharedArrayBuffer(4));
  const rotating = new Worker(ROTATING, { eval: true, workerData: { path, files, turns } });
  try {
    let whole = 0;
    let looks = 0;
    for (; looks < 300 || (whole < 100 && looks < 10_000); looks++) {
      const [group] = discovery.look(Date.now(), []);
      if (group!.state === 'seen') {
        const found = [group!.live!, ...group!.siblings].map(({ ino }) => ino);
        expect(new Set(found)).toEqual(new Set(inodes));
        whole++;
      } else expect(group!).toMatchObject({ live: undefined, siblings: [], state: 'unreadable' });
      if (looks % 50 === 0) await pause(1);
    }
    expect(whole).toBeGreaterThanOrEqual(100);
  } finally {
    await rotating.terminate();
    directory.remove();
  }
});
