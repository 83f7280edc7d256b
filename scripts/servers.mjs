import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The programs the tests run for real: the command on PATH, and the Debian package that has it. */
export const SERVERS = [
  { command: 'prometheus', package: 'prometheus' },
  { command: 'promtool', package: 'prometheus' },
  { command: 'prometheus-alertmanager', alternative: 'alertmanager', package: 'prometheus-alertmanager' },
  { command: 'amtool', package: 'prometheus-alertmanager' },
  { command: 'redis-server', package: 'redis-server' },
  { command: 'chromium', package: 'chromium' },
  { command: 'openssl', package: 'openssl' },
  ...['zstd', 'bzip2', 'lz4'].map((command) => ({ command, package: command })),
  { command: 'xz', package: 'xz-utils' },
  { command: 'journalctl', package: 'systemd' },
  // Debian keeps it outside PATH.
  {
    command: 'systemd-journal-remote',
    file: '/lib/systemd/systemd-journal-remote',
    package: 'systemd-journal-remote',
  },
];

/** Entries of SERVERS that PATH does not have. */
export function missingServers() {
  return SERVERS.filter(
    ({ command, alternative, file }) =>
      !onPath(command) && !(alternative && onPath(alternative)) && !(file && existsSync(file)),
  );
}

/** What to tell a person about missing servers; the same words wherever it is said. */
export function missingMessage(missing) {
  const packages = [...new Set(missing.map((server) => server.package))].join(' ');
  return [
    `Missing on PATH: ${missing.map((server) => server.command).join(', ')}.`,
    'The tests run against the real programs; none is skipped.',
    `On Debian: npm run setup:servers, or as root: apt-get install --no-install-recommends ${packages}`,
    'Elsewhere: install Prometheus, Alertmanager, Redis, Chromium, OpenSSL, systemd, zstd, bzip2, lz4 and xz from your',
    'package manager or their release pages, under the command names above.',
  ].join('\n');
}

/** Whether a program is there to be run. */
export function onPath(command) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command], { stdio: 'ignore' }).status === 0;
}

/** What Alertmanager is called here: Debian has a name of its own for it. */
export const alertmanagerCommand = () =>
  onPath('prometheus-alertmanager') ? 'prometheus-alertmanager' : 'alertmanager';
