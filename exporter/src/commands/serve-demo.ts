import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { SettingsInput } from './settings.ts';

/** What an exporter on the demonstration log is started with. */
export function demoInput(directory: string, listenAddress: string | undefined): SettingsInput {
  return {
    file: undefined,
    env: process.env,
    flags: {
      'log.path': [join(directory, 'requests.log*')],
      'keys.file': join(directory, 'keys.yaml'),
      'store.path': join(directory, 'exporter.db'),
      ...(listenAddress === undefined ? {} : { 'web.listenAddress': listenAddress }),
    },
  };
}

/** The traffic generator as a process of its own, so that it is a log like any other. */
export function startTraffic(
  directory: string,
  { seed, history }: { seed: string; history: string },
): ChildProcess {
  const args = ['demo', '--directory', directory, '--seed', seed, '--history', history];
  const child = spawn(process.execPath, [process.argv[1], ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.on('exit', () => child.kill('SIGTERM'));
  return child;
}
