import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from '@node-rs/bcrypt';

/**
 * `node access.mjs DIRECTORY`: at the first start of docker-compose.yml makes the password with which Prometheus,
 * Grafana and people ask the exporter: `password`, and `web.yml` with its hash for the exporter. Later starts keep it.
 */
const plain = join(process.argv[2], 'password');
const hashed = join(process.argv[2], 'web.yml');
if (!existsSync(hashed)) {
  const password = randomBytes(24).toString('base64url');
  const users = `basic_auth_users:\n  atender: ${hashSync(password)}\n`;
  // One that an interrupted start has left.
  rmSync(plain, { force: true });
  // Prometheus and Grafana are other users; nobody else mounts the volume.
  writeFileSync(plain, password, { mode: 0o444 });
  writeFileSync(hashed, users, { mode: 0o444 });
  console.log('access: a password was made');
}
