import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Fatal, freePort, temporaryDirectory } from './exporter-process.ts';

/** A real Prometheus on loopback, for one test. */
export interface Prometheus {
  url: string;
  pid: number;
  /** Every series of an instant query. Throws what Prometheus says against it. */
  query(text: string): Promise<Series[]>;
  /** The value of an instant query that gives at most one series; undefined when it gives none. */
  value(query: string): Promise<number | undefined>;
  /** Values of every series of an instant query, by their labels as JSON. */
  vector(query: string): Promise<Record<string, number>>;
  /** Raw samples of a range selector such as `up[5m]`; the series one after the other. */
  samples(selector: string): Promise<number[]>;
  stop(): Promise<void>;
}

/** The configuration of a Prometheus that scrapes exporters, and nothing else. */
export const scraping = (targets: string[], { interval = '1s', job = '' } = {}): string =>
  [
    'global:',
    `  scrape_interval: ${interval}`,
    `  scrape_timeout: ${interval}`,
    'scrape_configs:',
    '  - job_name: atender-exporter',
    '    static_configs:',
    `      - targets: ${JSON.stringify(targets)}`,
    job,
    '',
  ].join('\n');

/**
 * Starts a Prometheus with this configuration. `data` = a directory with blocks to begin with, kept; without it
 * the Prometheus begins empty and leaves nothing behind. `relative` = where relative paths of the configuration
 * start.
 */
export async function startPrometheus(
  configuration: string,
  { data, relative, flags = [] }: { data?: string; relative?: string; flags?: string[] } = {},
): Promise<Prometheus> {
  const directory = temporaryDirectory();
  const config = join(relative ?? directory.path, 'prometheus.yml');
  writeFileSync(config, configuration);
  const storage = data ?? join(directory.path, 'data');
  mkdirSync(storage, { recursive: true });
  const said = join(directory.path, 'stderr');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${storage}`, '--storage.tsdb.retention.time=90d'],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--query.timeout=5m', '--log.level=warn'],
      ...flags,
    ],
    // A file, since nobody empties a pipe while a test waits for promtool.
    { stdio: ['ignore', 'ignore', openSync(said, 'w')] },
  );
  await eventually(async () => {
    if (child.exitCode !== null) throw new Fatal(`prometheus ended: ${readFileSync(said, 'utf8')}`);
    const answer = await fetch(`${url}/-/ready`);
    if (answer.status !== 200) throw new Error('prometheus is not ready');
  }, 60_000);

  const query = async (text: string): Promise<Series[]> => {
    const answer = await fetch(`${url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: text }),
    });
    const body = (await answer.json()) as { status: string; error?: string; data: { result: Series[] } };
    if (body.status !== 'success') throw new Fatal(`${text}: ${body.error}`);
    return body.data.result;
  };
  return {
    url,
    pid: child.pid!,
    query,
    value: async (text) => {
      const result = await query(text);
      if (result.length > 1) throw new Fatal(`${text} gives ${result.length} series`);
      return result[0] && Number(result[0].value?.[1]);
    },
    vector: async (text) =>
      Object.fromEntries(
        (await query(text)).map(({ metric, value }) => [JSON.stringify(metric), Number(value?.[1])]),
      ),
    samples: async (selector) =>
      (await query(selector)).flatMap(({ values }) => (values ?? []).map(([, value]) => Number(value))),
    stop: () => stopped(child, directory.remove),
  };
}

/** A series of an answer: `value` of an instant query, `values` of a range selector. */
export interface Series {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

async function stopped(child: ChildProcess, remove: () => void): Promise<void> {
  if (child.exitCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(late);
  }
  remove();
}
