import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DAY, HOUR } from '../../src/demo/consumers.ts';
import { runDemo, writeHistory } from '../../src/demo/demo.ts';
import { RequestLog } from '../../src/demo/writer.ts';
import { parseKeysFile } from '../../src/keys/keys-file.ts';
import { eventually } from '../exporter-process.ts';

const QUIET = { write: () => true };
let directory: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'atender-demo-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const read = (name = 'requests.log') => readFileSync(join(directory, name), 'utf8');
const timesIn = (text: string) => {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => Date.parse(JSON.parse(line).timestamp));
};
const inOrder = (times: number[]) => times.every((at, i) => i === 0 || at >= times[i - 1]);
/** Every line of the rotated files and the current one, oldest first. */
const whole = () =>
  readdirSync(directory)
    .filter((name) => name.startsWith('requests.log'))
    .sort((a, b) => (Number(b.split('.')[2]) || 0) - (Number(a.split('.')[2]) || 0))
    .map((name) => read(name))
    .join('');

test('a history ends now, reaches back as far as told, and has the old use of the stale key before it', async () => {
  const before = Date.now();
  const { lines, from, to } = await writeHistory({ directory, history: 86_400, messages: QUIET });
  const times = timesIn(read());
  expect(times).toHaveLength(lines);
  expect(inOrder(times)).toBe(true);
  expect(to).toBeGreaterThanOrEqual(before);
  expect(to - from).toBe(DAY);
  expect(times.at(-1)!).toBeLessThan(to);
  expect(times.at(-1)!).toBeGreaterThan(to - 60_000);
  const old = read()
    .split('\n')
    .filter((line) => line.includes('key_legacy_reports'));
  expect(timesIn(`${old.join('\n')}\n`).every((at) => at < to - 33 * DAY)).toBe(true);
  expect(old.length).toBeGreaterThan(50);
});

test('a history that is there already is gone on with: nothing twice, also after an unfinished line', async () => {
  const first = await writeHistory({ directory, history: 7200, messages: QUIET });
  appendFileSync(join(directory, 'requests.log'), '{"timestamp":"20');
  const second = await writeHistory({ directory, history: 7200, messages: QUIET });
  expect(second.from).toBeLessThanOrEqual(first.to);
  const lines = read()
    .split('\n')
    .filter((line) => line.endsWith('}'));
  expect(lines).toHaveLength(first.lines + second.lines);
  expect(inOrder(timesIn(`${lines.join('\n')}\n`))).toBe(true);
  expect(new Set(lines).size).toBe(lines.length);
});

test('history and live stream are one log: each request of the time once, and in order', async () => {
  const stop = new AbortController();
  const running = runDemo({
    directory,
    history: 60,
    rate: 200,
    interval: 20,
    maxBytes: 1e9,
    messages: QUIET,
    signal: stop.signal,
  });
  await grown(5);
  stop.abort();
  await running;
  const times = timesIn(read()).filter((at) => at > Date.now() - HOUR);
  expect(inOrder(times)).toBe(true);
  const longest = times.reduce((max, at, i) => (i === 0 ? 0 : Math.max(max, at - times[i - 1])), 0);
  // Some 150 requests a second: a second without any would be a hole.
  expect(longest).toBeLessThan(1000);
  expect(new Set(read().split('\n')).size).toBe(read().split('\n').length);
});

test('the live log is rotated by rename, no line is lost, and only so many files stay', async () => {
  const stop = new AbortController();
  const options = { directory, rate: 400, interval: 20, maxBytes: 20_000, keep: 2, messages: QUIET };
  const running = runDemo({ ...options, signal: stop.signal });
  // By what they begin with: an inode is used again at once.
  const logs = new Set<string>();
  await eventually(() => {
    logs.add(read().slice(0, 100));
    expect(logs.size).toBeGreaterThan(4);
  }, 30_000);
  stop.abort();
  await running;
  expect(readdirSync(directory).sort()).toEqual([
    'incidents.json',
    'keys.yaml',
    'requests.log',
    'requests.log.1',
    'requests.log.2',
  ]);
  expect(inOrder(timesIn(whole()))).toBe(true);
});

test('the history stays in requests.log until the live log has grown, for whoever looks a moment later', async () => {
  const stop = new AbortController();
  const running = runDemo({
    ...{ directory, history: 3600, rate: 5, interval: 20, maxBytes: 50_000 },
    ...{ messages: QUIET, signal: stop.signal },
  });
  await grown(5);
  expect(readdirSync(directory).filter((name) => name.startsWith('requests.log'))).toEqual(['requests.log']);
  expect(read().length).toBeGreaterThan(50_000);
  stop.abort();
  await running;
});

test('rotation without files to keep leaves the current one alone', () => {
  const log = new RequestLog(join(directory, 'x.log'), 0);
  log.append('a\n');
  log.rotate();
  log.append('b\n');
  log.close();
  expect(readdirSync(directory)).toEqual(['x.log']);
  expect(read('x.log')).toBe('b\n');
});

test('the keys file beside the log loads, and the incidents are data', async () => {
  await writeHistory({ directory, messages: QUIET });
  expect(parseKeysFile(read('keys.yaml')).problems).toEqual([]);
  expect(JSON.parse(read('incidents.json'))).toContainEqual(
    expect.objectContaining({ keyId: 'key_order_events', kind: 'silence', to: null }),
  );
});

test('progress is shown on a terminal only', async () => {
  const shown = { isTTY: true, text: '', write: (text: string) => (shown.text += text) };
  await writeHistory({ directory, history: 7200, messages: shown });
  expect(shown.text).toMatch(/\rdemonstration: past log 100 % \([\d,]+ lines\)\n$/);
  const silent = { isTTY: false, text: '', write: (text: string) => (silent.text += text) };
  await writeHistory({ directory, history: 7200, messages: silent });
  expect(silent.text).toBe('');
});

test('SIGTERM ends it within a second, with whole lines and exit code 0', async () => {
  const module = new URL('../../src/demo/demo.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(({ runDemo }) => runDemo({ directory: ${JSON.stringify(directory)}, rate: 50, interval: 20 }))`;
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  child = spawn(process.execPath, ['--import', 'tsx', '-e', script], { cwd: root, stdio: 'ignore' });
  await grown(3);
  const asked = Date.now();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(Date.now() - asked).toBeLessThan(1000);
  timesIn(read());
});

/** Waits until the log was seen to grow `times` times. */
async function grown(times: number): Promise<void> {
  const size = () => statSync(join(directory, 'requests.log'), { throwIfNoEntry: false })?.size ?? 0;
  let last = size();
  for (let waits = 0; times > 0; waits++) {
    if (waits > 1000) throw new Error('the log does not grow');
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (size() > last) times--;
    last = size();
  }
}

test('replaces the keys file as a whole: a reader that has opened it reads all of the old one', async () => {
  await writeHistory({ directory, messages: QUIET });
  const opened = openSync(join(directory, 'keys.yaml'), 'r');
  const before = read('keys.yaml');
  await writeHistory({ directory, messages: QUIET, seed: 2 });
  expect(statSync(join(directory, 'keys.yaml')).ino).not.toBe(fstatSync(opened).ino);
  expect(readFileSync(opened, 'utf8')).toBe(before);
  closeSync(opened);
  expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
});
