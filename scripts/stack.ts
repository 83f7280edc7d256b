import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { alertmanagerCommand, missingServers, onPath } from './servers.mjs';

/**
 * `npm run stack`: what docker-compose.yml starts, from the programs on PATH and with the same configuration
 * files: exporter, Redis, Prometheus, Alertmanager, and Grafana where it is installed. Without --log.path it follows
 * demonstration traffic. Everything listens on loopback, keeps its data in --directory and ends with this command.
 */
const USAGE = `npm run stack -- [options]
  --log.path FILES   logs to follow, repeatable; without it, demonstration traffic
  --keys.file FILE   the keys file
  --directory DIR    where everything keeps its data (default .stack)
  --port PORT        of the exporter, the others get the four after it (default 9469)`;
const options = readOptions();

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const SECRETS = join(PROJECT, 'secrets');
const PLUGIN = join(PROJECT, 'grafana-plugin');
const COMMAND = join(PROJECT, 'exporter/bin/atender-exporter.js');
const directory = resolve(options.directory);
const first = Number(options.port);
const address = {
  exporter: `127.0.0.1:${first}`,
  prometheus: `127.0.0.1:${first + 1}`,
  alertmanager: `127.0.0.1:${first + 2}`,
  grafana: `127.0.0.1:${first + 3}`,
  redis: `127.0.0.1:${first + 4}`,
};
const running: ChildProcess[] = [];
let ending = false;

checkPrograms();
await checkPorts();
for (const folder of ['prometheus', 'alertmanager', 'grafana', 'demo'])
  mkdirSync(join(directory, folder), { recursive: true });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);

start('redis-server', [
  ...['--bind', '127.0.0.1', '--port', String(first + 4), '--dir', directory],
  ...['--maxmemory', '192mb', '--maxmemory-policy', 'noeviction', '--save', '', '--appendonly', 'no'],
]);
await startExporter();
start(alertmanagerCommand(), [
  `--config.file=${alertmanagerConfig()}`,
  `--storage.path=${join(directory, 'alertmanager')}`,
  `--web.listen-address=${address.alertmanager}`,
  '--cluster.listen-address=',
  '--log.level=warn',
]);
start('prometheus', [
  `--config.file=${prometheusConfig()}`,
  `--storage.tsdb.path=${join(directory, 'prometheus')}`,
  '--storage.tsdb.retention.time=35d',
  '--rules.alert.for-grace-period=1m',
  `--web.listen-address=${address.prometheus}`,
  '--log.level=warn',
]);
startGrafana();

await ready('exporter', '/-/ready');
await ready('alertmanager', '/-/ready');
await ready('prometheus', '/-/ready');
for (const [name, host] of Object.entries(address))
  if (name !== 'grafana' || onPath('grafana'))
    console.log(`${name}: ${name === 'redis' ? 'redis' : 'http'}://${host}`);
if (!existsSync(SECRETS))
  console.log('No secrets/: alerts are shown, nobody is notified; see alerting/README.md');
console.log('stack: up; Ctrl+C ends it');

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        directory: { type: 'string', default: '.stack' },
        'log.path': { type: 'string', multiple: true },
        'keys.file': { type: 'string' },
        port: { type: 'string', default: '9469' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (!/^\d+$/.test(values.port) || Number(values.port) < 1 || Number(values.port) > 65_531)
      throw new Error(`--port ${values.port} is no port that has four after it`);
    if (values['keys.file'] !== undefined && !existsSync(values['keys.file']))
      throw new Error(`--keys.file ${values['keys.file']} does not exist`);
    return values;
  } catch (error) {
    refuse(`${(error as Error).message}\n${USAGE}`);
  }
}

function checkPrograms(): void {
  const needed = ['prometheus', 'prometheus-alertmanager', 'redis-server'];
  const missing = missingServers().filter(({ command }) => needed.includes(command));
  if (missing.length === 0) return;
  const commands = missing.map(({ command, alternative }) => alternative ?? command).join(', ');
  const packages = missing.map((server) => server.package).join(' ');
  refuse(
    `not on PATH: ${commands}. On Debian, as root: apt-get install --no-install-recommends ${packages}; elsewhere from their release pages.`,
  );
}

/** Said before anything is started: what each of them says about a port in use is not as clear. */
async function checkPorts(): Promise<void> {
  for (const [name, host] of Object.entries(address)) {
    if (name === 'grafana' && !onPath('grafana')) continue;
    const port = Number(host.split(':')[1]);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening').catch((error: NodeJS.ErrnoException) =>
      refuse(`port ${port} for ${name} cannot be had (${error.code}): --port chooses others.`),
    );
    await new Promise((closed) => server.close(closed));
  }
}

function refuse(message: string): never {
  console.error(`stack: ${message}`);
  process.exit(1);
}

async function startExporter(): Promise<void> {
  const demo = options['log.path'] === undefined;
  const folder = join(directory, 'demo');
  const invented = [COMMAND, 'demo', '--directory', folder, '--history', '3d'];
  if (demo) {
    // All of it before the exporter looks: what is there at its start is history, what comes later is traffic of now.
    await finished(process.execPath, [...invented, '--history-only']);
    start(process.execPath, invented);
  }
  const logs = options['log.path'] ?? [join(folder, 'requests.log')];
  const keys = options['keys.file'] ?? (demo ? join(folder, 'keys.yaml') : undefined);
  start(process.execPath, [
    ...[COMMAND, 'serve', '--web.listen-address', address.exporter],
    ...['--store.path', join(directory, 'usage.db'), '--shared.redis.url', `redis://${address.redis}`],
    ...['--record.archive', 'on', '--record.path', join(directory, 'record')],
    ...logs.flatMap((path) => ['--log.path', path]),
    ...(keys === undefined ? [] : ['--keys.file', keys]),
  ]);
}

function prometheusConfig(): string {
  const text = readFileSync(join(PROJECT, 'deploy/prometheus.yml'), 'utf8')
    .replaceAll('exporter:9469', address.exporter)
    .replaceAll('alertmanager:9093', address.alertmanager)
    .replace('http://localhost:3000', `http://${address.grafana}`)
    .replace(/^ *basic_auth:.*\n/m, '')
    .replace('rules/*.yml', join(PROJECT, 'alerting/rules/*.yml'));
  return written('prometheus.yml', text);
}

function alertmanagerConfig(): string {
  const text = readFileSync(join(PROJECT, 'alerting/alertmanager/alertmanager.yml'), 'utf8')
    .replaceAll('/etc/alertmanager/secrets', SECRETS)
    .replace('templates/*.tmpl', join(PROJECT, 'alerting/alertmanager/templates/*.tmpl'));
  return written('alertmanager.yml', existsSync(SECRETS) ? text : notifyingNobody(text));
}

/** Routes and inhibition as they are, receivers by name alone: with secrets that are missing every notification fails. */
function notifyingNobody(text: string): string {
  const { global: _, receivers, ...rest } = parse(text) as { global: object; receivers: { name: string }[] };
  return stringify({ ...rest, receivers: receivers.map(({ name }) => ({ name })) });
}

function startGrafana(): void {
  if (!onPath('grafana')) {
    console.log('grafana is not on PATH: the dashboards in dashboards/json can be imported into any Grafana');
    return;
  }
  if (!existsSync(join(PLUGIN, 'dist/module.js')))
    console.log('the panel plugin is not built: `npm run build:plugin` does it');
  const [host, port] = address.grafana.split(':');
  const password = grafanaPassword();
  start('grafana', ['server', '--homepath', process.env.GF_PATHS_HOME ?? '/usr/share/grafana'], {
    GF_SERVER_HTTP_ADDR: host!,
    GF_SERVER_HTTP_PORT: port!,
    GF_SECURITY_ADMIN_PASSWORD: readFileSync(password, 'utf8'),
    GF_PATHS_DATA: join(directory, 'grafana'),
    GF_PATHS_LOGS: join(directory, 'grafana'),
    GF_PATHS_PLUGINS: pluginsFolder(),
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: 'atender-keyusage-panel',
    GF_PATHS_PROVISIONING: join(PROJECT, 'dashboards/provisioning'),
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(PROJECT, 'dashboards/json/atender-overview.json'),
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    PROMETHEUS_URL: `http://${address.prometheus}`,
    ALERTMANAGER_URL: `http://${address.alertmanager}`,
    EXPORTER_URL: `http://${address.exporter}`,
    DASHBOARDS_PATH: join(PROJECT, 'dashboards/json'),
  });
  console.log(`grafana: user admin, password in ${password}`);
}

/** The file with the password of Grafana's first start, which it keeps. */
function grafanaPassword(): string {
  const file = join(directory, 'grafana-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return file;
}

/** Grafana looks for plugins in folders of a folder. */
function pluginsFolder(): string {
  const folder = join(directory, 'plugins');
  const link = join(folder, 'atender-keyusage-panel');
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(join(PLUGIN, 'dist'), link);
  return folder;
}

function written(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

/** One of them that ends takes the others along: half a stack helps nobody. */
function start(command: string, args: string[], env: Record<string, string> = {}): void {
  const child = launched(command, args, env);
  child.on('error', (error) => stop(`${command} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) =>
    stop(`${[command, ...args.slice(0, 2)].join(' ')} ended (${signal ?? code})`),
  );
}

/** In a process group of its own, so that Ctrl+C in a terminal reaches this command alone, which ends the others. */
function launched(command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
    detached: true,
  });
  running.push(child);
  return child;
}

async function finished(command: string, args: string[]): Promise<void> {
  const child = launched(command, args);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) stop(`${command} ended with ${code}`);
  if (ending) await new Promise(() => {});
}

function stop(message: string): void {
  if (ending) return;
  console.error(`stack: ${message}`);
  process.exitCode = 1;
  void end();
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  const left = running.filter(isRunning);
  for (const child of left) child.kill('SIGTERM');
  const late = setTimeout(() => left.map((child) => child.kill('SIGKILL')), 10_000);
  await Promise.all(left.map((child) => once(child, 'exit')));
  clearTimeout(late);
  process.exit();
}

/** One that a signal has ended has no exit code. */
function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

async function ready(name: keyof typeof address, path: string): Promise<void> {
  for (let second = 0; second < 120 && !ending; second++) {
    const answer = await fetch(`http://${address[name]}${path}`).catch(() => undefined);
    if (answer?.ok) return;
    await wait(1000);
  }
  if (ending) await new Promise(() => {});
  stop(`${name} is not ready after two minutes`);
}
