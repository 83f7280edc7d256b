#!/usr/bin/env node
/**
 * The preflight of the alerting pack: node alerting/check.mjs [--dir DIR] [--secrets DIR]
 *
 * Says in a sentence each what would break at run time or leave an alert without test or runbook, and ends
 * with 1; ends with 0 when there is nothing to say. --dir is the pack (default: this file's folder). --secrets
 * is where the secret files lie here, when that is not where Alertmanager will find them.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';

const { values: options } = parseArgs({
  options: {
    dir: { type: 'string', default: fileURLToPath(new URL('.', import.meta.url)) },
    secrets: { type: 'string' },
  },
});
const CONFIG = join(options.dir, 'alertmanager', 'alertmanager.yml');
/** Settings of Alertmanager that hold a secret in the clear; each has a form that ends in `_file`. */
const SECRETS_IN_CLEAR = [
  'slack_api_url',
  'api_url',
  'routing_key',
  'service_key',
  'smtp_auth_password',
  'auth_password',
  'password',
  'credentials',
];

const problems = [];
const warnings = [];

const ruleFiles = filesIn('rules', '.yml');
const rules = ruleFiles.flatMap((file) =>
  (read(file).groups ?? []).flatMap((group) =>
    group.rules.map((rule) => ({ ...rule, file: basename(file) })),
  ),
);
const tests = filesIn('tests', '.test.yml').flatMap((file) => read(file).tests ?? []);

if (rules.length === 0) problems.push(`${join(options.dir, 'rules')} has no rules.`);
checkTests();
checkRunbooks();
checkAlertmanager();
run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...ruleFiles]);
run('amtool', ['check-config', CONFIG]);

for (const warning of warnings) console.error(`warning: ${warning}`);
for (const problem of problems) console.error(problem);
const alerts = rules.filter((rule) => rule.alert);
if (problems.length > 0) {
  console.error(`alerting:check: ${problems.length} problem${problems.length === 1 ? '' : 's'}.`);
  process.exit(1);
}
console.log(
  `alerting:check: ${alerts.length} alert rules and ${rules.length - alerts.length} recording rules, all tested.`,
);

/** An alert is tested where a test expects it to fire, a recording where a test reads it; its own labels included. */
function checkTests() {
  const fired = tests.flatMap((test) =>
    (test.alert_rule_test ?? []).flatMap(({ alertname, exp_alerts }) =>
      (exp_alerts ?? []).map(({ exp_labels = {} }) => ({ alertname, labels: exp_labels })),
    ),
  );
  const queried = tests.flatMap((test) => (test.promql_expr_test ?? []).map(({ expr }) => expr));
  for (const { alert, record, labels = {}, file } of rules) {
    const own = Object.entries(labels).map(([name, value]) => [name, String(value)]);
    const said = own.map(([name, value]) => `${name}="${value}"`).join(', ');
    if (alert) {
      const tested = fired.some(
        (one) => one.alertname === alert && own.every(([name, value]) => String(one.labels[name]) === value),
      );
      if (!tested) problems.push(`${file}: no test expects ${alert} to fire with ${said}.`);
    } else {
      const tested = queried.some(
        (expr) => expr.includes(record) && own.every(([name, value]) => expr.includes(`${name}="${value}"`)),
      );
      if (!tested)
        problems.push(`${file}: no test reads the recording ${record}${said ? ` with ${said}` : ''}.`);
    }
  }
}

function checkRunbooks() {
  const names = new Set(rules.flatMap((rule) => (rule.alert ? [rule.alert] : [])));
  const runbooks = new Set(filesIn('runbooks', '.md').map((file) => basename(file, '.md')));
  for (const name of names)
    if (!runbooks.has(name)) problems.push(`${name} has no runbook: runbooks/${name}.md.`);
  for (const name of runbooks) if (!names.has(name)) problems.push(`runbooks/${name}.md is of no alert.`);
}

function checkAlertmanager() {
  if (!existsSync(CONFIG)) {
    problems.push(`${CONFIG} does not exist.`);
    return;
  }
  const config = read(CONFIG);
  const receivers = new Set((config.receivers ?? []).map(({ name }) => name));
  for (const { receiver } of routesOf(config.route ?? {}))
    if (receiver !== undefined && !receivers.has(receiver))
      problems.push(`alertmanager.yml: a route names the receiver "${receiver}", which is not defined.`);
  checkTemplates(config);
  const seen = new Set();
  for (const [name, value] of settingsOf(config)) {
    if (name.endsWith('_file') && !seen.has(value)) checkSecretFile(name, value);
    if (name.endsWith('_file')) seen.add(value);
    if (SECRETS_IN_CLEAR.includes(name))
      problems.push(`alertmanager.yml: ${name} holds a secret in the clear; use ${name}_file.`);
    if (/\bexample\.(org|com|net)\b/.test(value))
      warnings.push(`alertmanager.yml: ${name} is still an example: ${value}`);
  }
}

/** Alertmanager loads a configuration whose templates are missing, and then fails every notification that needs one. */
function checkTemplates(config) {
  const templates = (config.templates ?? []).flatMap(templateFiles).map((file) => readFileSync(file, 'utf8'));
  const named = (text, word) =>
    [...text.matchAll(new RegExp(`\\{\\{-?\\s*${word}\\s+"([^"]+)"`, 'g'))].map(([, name]) => name);
  const defined = new Set(templates.flatMap((text) => named(text, 'define')));
  const texts = [...templates, ...settingsOf(config).map(([, text]) => text)];
  for (const name of new Set(texts.flatMap((text) => named(text, 'template'))))
    if (!defined.has(name))
      problems.push(
        `alertmanager.yml: the template "${name}" is used, but no file of ${config.templates} defines it.`,
      );
}

/** Files that fit a pattern of Alertmanager's, whose `*` stands in the name of the file. */
function templateFiles(pattern) {
  const folder = resolve(dirname(CONFIG), dirname(pattern));
  const [begin, end] = basename(pattern).split('*');
  if (!existsSync(folder)) return [];
  const fits = (name) => (end === undefined ? name === begin : name.startsWith(begin) && name.endsWith(end));
  return readdirSync(folder)
    .filter(fits)
    .map((name) => join(folder, name));
}

function checkSecretFile(name, path) {
  const here = options.secrets === undefined ? path : join(options.secrets, basename(path));
  const said = `alertmanager.yml: ${name} names ${here}, which`;
  if (!existsSync(here)) {
    problems.push(`${said} does not exist. Put the secret there, alone in the file.`);
    return;
  }
  try {
    accessSync(here, constants.R_OK);
  } catch {
    problems.push(`${said} cannot be read by this user.`);
    return;
  }
  if (!statSync(here).isFile()) {
    problems.push(`${said} is not a file.`);
    return;
  }
  const content = readFileSync(here, 'utf8');
  const secret = content.trim();
  // Alertmanager trims the other secrets, but sends this one to the mail server as it is.
  if (name === 'smtp_auth_password_file' && secret !== '' && content !== secret)
    problems.push(`${said} ends with a newline that would be sent with the password; write it with printf.`);
  if (secret === '') problems.push(`${said} is empty.`);
  else if (/\s/.test(secret))
    problems.push(`${said} holds more than one word; a secret stands alone in its file.`);
}

/** The route and all below it. */
function routesOf(route) {
  return [route, ...(route.routes ?? []).flatMap(routesOf)];
}

/** Every name and value anywhere in the configuration, a value as text: a password may be a number. */
function settingsOf(node) {
  if (Array.isArray(node)) return node.flatMap(settingsOf);
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === 'object' ? settingsOf(value) : [[name, String(value)]],
  );
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.error)
    problems.push(`${command} cannot be run (${result.error.code}): install it, or put it on PATH.`);
  else if (result.status !== 0)
    problems.push(`${command} ${args[0]} failed:\n${`${result.stdout}${result.stderr}`.trim()}`);
}

function filesIn(folder, ending) {
  const path = join(options.dir, folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => join(path, name));
}

function read(file) {
  try {
    return parse(readFileSync(file, 'utf8'), { merge: true }) ?? {};
  } catch (error) {
    problems.push(`${file} is no YAML: ${error.message}`);
    return {};
  }
}
