import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually, freePort } from '../../exporter/test/exporter-process.ts';
import { alertmanagerCommand } from '../../scripts/servers.mjs';

export interface Alert {
  labels: Record<string, string>;
  annotations?: Record<string, string>;
}

/** A running Alertmanager of a test. */
export interface Alertmanager {
  url: string;
  fire(...alerts: Alert[]): Promise<void>;
  /** The alerts it holds, as `name{key}` with the names of what inhibits each. */
  inhibitions(): Promise<Record<string, string[]>>;
  output(): string;
  stop(): Promise<void>;
}

/** Starts the real Alertmanager on loopback, without cluster, on its own storage. */
export async function startAlertmanager(config: string, storage: string): Promise<Alertmanager> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    alertmanagerCommand(),
    [
      `--config.file=${config}`,
      `--storage.path=${storage}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let written = '';
  child.stdout.on('data', (chunk) => {
    written += chunk;
  });
  child.stderr.on('data', (chunk) => {
    written += chunk;
  });
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`Alertmanager ended: ${written}`);
    const answer = await fetch(`${url}/-/ready`);
    if (answer.status !== 200) throw new Error(`not ready: ${answer.status}`);
  });
  return {
    url,
    output: () => written,
    fire: async (...alerts) => {
      const body = JSON.stringify(alerts.map((alert) => ({ ...alert, startsAt: new Date().toISOString() })));
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    inhibitions: () => inhibitions(url),
    stop: () => stop(child),
  };
}

interface HeldAlert {
  fingerprint: string;
  labels: Record<string, string>;
  status: { inhibitedBy: string[] };
}

async function inhibitions(url: string): Promise<Record<string, string[]>> {
  const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as HeldAlert[];
  const names = new Map(alerts.map((alert) => [alert.fingerprint, nameOf(alert)]));
  const pairs = alerts.map((alert): [string, string[]] => [
    nameOf(alert),
    alert.status.inhibitedBy.map((fingerprint) => names.get(fingerprint) ?? fingerprint).sort(),
  ]);
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const nameOf = ({ labels }: HeldAlert): string =>
  `${labels.alertname} ${labels.severity}${labels.key_id ? ` ${labels.tenant_id ?? ''}/${labels.key_id}` : ''}`;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
