import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The alerting pack as it is committed. */
export const PACK = fileURLToPath(new URL('..', import.meta.url));

const SECRETS = [
  'slack_api_url',
  'pagerduty_routing_key',
  'smtp_password',
  'dead_man_token',
  'webhook_token',
];
/** Where the committed configuration expects its secrets. */
const SECRETS_DIRECTORY = '/etc/alertmanager/secrets';

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface AlertmanagerConfig {
  route: Route;
  receivers: { name: string }[];
}

interface Route {
  receiver?: string;
  routes?: Route[];
}

export const files = (folder: string, ending: string, pack = PACK): string[] =>
  readdirSync(join(pack, folder))
    .filter((name) => name.endsWith(ending))
    .sort();

/** Every rule of the pack, anchors and merges resolved, as Prometheus reads them. */
export function rulesOf(pack = PACK): Rule[] {
  return files('rules', '.yml', pack).flatMap((name) => {
    const text = readFileSync(join(pack, 'rules', name), 'utf8');
    const { groups } = parse(text, { merge: true }) as { groups: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  });
}

export const alertsOf = (pack = PACK): Rule[] => rulesOf(pack).filter((rule) => rule.alert !== undefined);

/** A copy of the pack that a test may change, with secret files that exist; its configuration points to them. */
export function copyOfPack(): { path: string; secrets: string; config: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'atender-alerting-'));
  for (const folder of ['rules', 'tests', 'runbooks', 'alertmanager'])
    cpSync(join(PACK, folder), join(path, folder), { recursive: true });
  const secrets = join(path, 'secrets');
  mkdirSync(secrets);
  for (const name of SECRETS) writeFileSync(join(secrets, name), secretValue(name));
  const config = join(path, 'alertmanager', 'alertmanager.yml');
  change(config, (text) => text.replaceAll(SECRETS_DIRECTORY, secrets));
  return { path, secrets, config, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Rewrites a file; fails when the change changes nothing, so that a test cannot pass on an unbroken copy. */
export function change(file: string, edit: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = edit(before);
  if (after === before) throw new Error(`nothing was changed in ${file}`);
  writeFileSync(file, after);
}

/** What the comments marked [webhook] in alertmanager.yml ask for. */
export const switchWebhookOn = (config: string): string => config.replace(/^( {2,})# (- | {2})/gm, '$1$2');

/** Runs a program to its end. */
export function run(command: string, args: string[], cwd = PACK) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error) throw error;
  return { status, stdout, output: `${stdout}${stderr}` };
}

function secretValue(name: string): string {
  return name.endsWith('_url') ? 'http://127.0.0.1:9/slack' : `value-of-${name.replaceAll('_', '-')}`;
}
