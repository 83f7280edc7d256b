import { freePort } from '../../test/exporter-process.ts';
import { measuredCommand } from '../harness/process.ts';

/** Seconds that mtail takes to read a log to its end with a program of this directory. */
export async function mtail(program: string, log: string): Promise<number> {
  const path = new URL(program, import.meta.url).pathname;
  const listen = ['--address', '127.0.0.1', '--port', String(await freePort())];
  return (await measuredCommand('mtail', ['--one_shot', ...listen, '--progs', path, '--logs', log])).seconds;
}

/** Seconds that goaccess takes to read a log to its end. */
export async function goaccess(log: string): Promise<number> {
  const format =
    '{"timestamp":"%dT%t.%^","keyId":"%e","method":"%m","endpoint":"%U","status":"%s","ip":"%h","durationMs":"%L"}';
  const dates = ['--date-format=%Y-%m-%d', '--time-format=%H:%M:%S'];
  const quiet = ['--no-global-config', '--no-progress', '-o', 'json'];
  return (await measuredCommand('goaccess', [log, `--log-format=${format}`, ...dates, ...quiet])).seconds;
}
