import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { DAY, MINUTE } from './consumers.ts';
import { keysYaml } from './keys-yaml.ts';
import { beforeHistory, incidentsOf, requestsBetween, type Scenario, scenarioOf } from './scenario.ts';
import { linesOf, RequestLog } from './writer.ts';

/** The demonstration: invented traffic of some keys, so that everything there is to see can be seen. */
export interface DemoOptions {
  /** Where requests.log, keys.yaml and incidents.json are written; made when missing. */
  directory: string;
  /** Seconds of past log to write first; default 0. */
  history?: number;
  /** Default 1. */
  seed?: number;
  /** Factor on all rates; default 1, some 45 requests a minute. */
  rate?: number;
  /** The live log is rotated when it has grown by this; default 1 MiB. */
  maxBytes?: number;
  /** Rotated files that stay; default 5. With maxBytes it bounds the disk, apart from the history's own file. */
  keep?: number;
  /** Milliseconds between writes of the live stream; default 500. */
  interval?: number;
  /** Ends it; default: SIGTERM and SIGINT do. */
  signal?: AbortSignal;
  /** Progress and messages; default standard error. */
  messages?: { isTTY?: boolean | undefined; write(text: string): unknown };
}

/** What was written at once: times in milliseconds since the epoch; `to` is where the live stream goes on. */
export interface History {
  lines: number;
  from: number;
  to: number;
}

/**
 * Writes the keys file and the history, then the live stream until it is stopped. The history ends where the
 * live stream begins. Throws what the file system throws (no space, no permission).
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { signal, done } = options.signal ? { signal: options.signal, done: () => {} } : untilTerminated();
  const messages = options.messages ?? process.stderr;
  try {
    const scenario = prepare(options);
    const log = new RequestLog(join(options.directory, 'requests.log'), options.keep ?? 5);
    try {
      const { to } = await history(log, scenario, options, signal);
      messages.write(`demonstration: invented traffic goes to ${log.path}\n`);
      await live(log, scenario, to, options, signal);
    } finally {
      log.close();
    }
  } finally {
    done();
  }
}

/**
 * Writes the keys file and `options.history` seconds of past log, ending now. A log that is there already
 * is gone on with: only what is newer than its last line is written.
 */
export async function writeHistory(options: DemoOptions): Promise<History> {
  const { signal, done } = options.signal ? { signal: options.signal, done: () => {} } : untilTerminated();
  const scenario = prepare(options);
  const log = new RequestLog(join(options.directory, 'requests.log'), options.keep ?? 5);
  try {
    return await history(log, scenario, options, signal);
  } finally {
    log.close();
    done();
  }
}

function prepare({ directory, seed, rate }: DemoOptions): Scenario {
  const scenario = scenarioOf({
    now: Date.now(),
    ...(seed === undefined ? {} : { seed }),
    ...(rate === undefined ? {} : { rate }),
  });
  mkdirSync(directory, { recursive: true });
  // Keys that it calls revoked were so before the incidents, also to an exporter that starts only now.
  replaceFile(join(directory, 'keys.yaml'), keysYaml(scenario), (scenario.start - DAY) / 1000);
  const incidents = `${JSON.stringify(incidentsOf(scenario), undefined, 2)}\n`;
  replaceFile(join(directory, 'incidents.json'), incidents);
  return scenario;
}

/** By rename, so that an exporter that reads the file sees all of it. `modified`: seconds since the epoch. */
function replaceFile(path: string, text: string, modified?: number): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text);
  if (modified !== undefined) utimesSync(draft, modified, modified);
  renameSync(draft, path);
}

/** Minutes of log that are made in one go. */
const SLICE = 60 * MINUTE;

async function history(
  log: RequestLog,
  scenario: Scenario,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<History> {
  const to = Date.now();
  const begin = to - (options.history ?? 0) * 1000;
  const last = log.lastRequest();
  const from = Math.min(to, Math.max(begin, last === undefined ? begin : last + 1));
  const progress = progressOn(options.messages ?? process.stderr, from, to);
  let lines = 0;
  const write = (requests: ReturnType<typeof requestsBetween>) => {
    log.append(linesOf(requests));
    lines += requests.length;
  };
  if ((options.history ?? 0) > 0 && last === undefined) {
    const earlier = beforeHistory(scenario, from);
    write(requestsBetween(scenario, earlier.from, earlier.to, earlier.who));
  }
  for (let at = from; at < to && !signal.aborted; at += SLICE) {
    write(requestsBetween(scenario, at, Math.min(at + SLICE, to)));
    progress(Math.min(at + SLICE, to), lines);
    await turn();
  }
  return { lines, from, to };
}

/** Writes what has happened since `from`, again and again. */
async function live(
  log: RequestLog,
  scenario: Scenario,
  from: number,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  // An exporter that is started at the same time reads requests.log, not what was rotated before it looked.
  let apart = log.size;
  for (let written = from; !signal.aborted; ) {
    const now = Math.max(written, Date.now());
    if (log.size - apart > (options.maxBytes ?? 1024 * 1024)) {
      log.rotate();
      apart = 0;
    }
    log.append(linesOf(requestsBetween(scenario, written, now)));
    written = now;
    await pause(options.interval ?? 500, undefined, { signal }).catch(() => {});
  }
}

function progressOn(messages: NonNullable<DemoOptions['messages']>, from: number, to: number) {
  return (at: number, lines: number): void => {
    if (!messages.isTTY) return;
    const end = at >= to ? '\n' : '';
    const share = Math.floor((100 * (at - from)) / (to - from));
    messages.write(`\rdemonstration: past log ${share} % (${lines.toLocaleString('en-US')} lines)${end}`);
  };
}

function untilTerminated(): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.on('SIGTERM', stop).on('SIGINT', stop);
  return { signal: controller.signal, done: () => process.off('SIGTERM', stop).off('SIGINT', stop) };
}
