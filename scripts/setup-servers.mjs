import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { missingMessage, missingServers } from './servers.mjs';

/** Installs what the tests need and the machine lacks: on Debian by apt-get, elsewhere it says what to do. */
const missing = missingServers();
if (missing.length === 0) {
  console.log('setup:servers: everything is there.');
  process.exit(0);
}

const debian = existsSync('/etc/debian_version') && spawnSync('apt-get', ['--version']).status === 0;
const root = process.getuid?.() === 0;
const sudo = !root && spawnSync('sudo', ['-n', 'true']).status === 0;
if (!debian || !(root || sudo)) {
  console.error(missingMessage(missing));
  process.exit(1);
}

const packages = [...new Set(missing.map((server) => server.package))];
console.log(`setup:servers: installing ${packages.join(' ')}`);
apt('update');
apt('install', '--yes', '--no-install-recommends', ...packages);

const left = missingServers();
if (left.length > 0) {
  console.error(missingMessage(left));
  process.exit(1);
}
console.log('setup:servers: done.');

function apt(...args) {
  // RUNLEVEL=1 keeps Debian from starting the daemons: the tests start their own, on loopback.
  const env = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
  const [command, ...rest] = [...(sudo ? ['sudo', '-n'] : []), ...env, 'apt-get', '-q', ...args];
  const result = spawnSync(command, rest, { stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`apt-get ${args.join(' ')} failed.\n${missingMessage(missing)}`);
    process.exit(1);
  }
}
