import { mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { change, copyOfPack, PACK, run, switchWebhookOn } from './pack.ts';

let pack: ReturnType<typeof copyOfPack>;

beforeEach(() => {
  pack = copyOfPack();
});
afterEach(() => pack.remove());

const check = (...args: string[]) =>
  run(process.execPath, [join(PACK, 'check.mjs'), '--dir', pack.path, ...args]);

/** The preflight fails, and says so in these words. */
function expectProblem(...words: string[]) {
  const { status, output } = check();
  for (const part of words) expect(output).toContain(part);
  expect(status).toBe(1);
}

describe('the preflight passes', () => {
  test('on the pack as it is, once its secret files exist', () => {
    const { status, output } = check();
    expect(output).toMatch(/alerting:check: \d+ alert rules and \d+ recording rules, all tested\./);
    expect(status).toBe(0);
  });

  test('with the secret files in another place than Alertmanager will find them', () => {
    const { status } = run(process.execPath, [join(PACK, 'check.mjs'), '--secrets', pack.secrets]);
    expect(status).toBe(0);
  });

  test('with the webhook switched on as the configuration says', () => {
    change(pack.config, switchWebhookOn);
    expect(check()).toMatchObject({ status: 0 });
  });

  test('and warns of addresses that are still examples', () => {
    expect(check().output).toContain('warning: alertmanager.yml: smtp_smarthost is still an example');
  });
});

describe('the preflight fails, in clear words, on', () => {
  test('a missing secret file', () => {
    unlinkSync(join(pack.secrets, 'slack_api_url'));
    expectProblem('slack_api_url_file names', 'secrets/slack_api_url, which does not exist');
  });

  test('an empty secret file, one with several words, and a directory in its place', () => {
    writeFileSync(join(pack.secrets, 'slack_api_url'), '\n');
    writeFileSync(join(pack.secrets, 'smtp_password'), 'password: hunter2\n');
    unlinkSync(join(pack.secrets, 'dead_man_token'));
    mkdirSync(join(pack.secrets, 'dead_man_token'));
    expectProblem('which is empty', 'more than one word', 'which is not a file');
  });

  test('a mail password that ends with a newline, which Alertmanager would send along', () => {
    writeFileSync(join(pack.secrets, 'smtp_password'), 'hunter2\n');
    expectProblem('secrets/smtp_password, which ends with a newline');
  });

  test('a secret in the clear, without repeating it', () => {
    change(pack.config, (text) => text.replace(/smtp_auth_password_file: .*/, 'smtp_auth_password: hunter2'));
    expectProblem('smtp_auth_password holds a secret in the clear; use smtp_auth_password_file');
    expect(check().output).not.toContain('hunter2');
  });

  test('a secret in the clear that is a number', () => {
    change(pack.config, (text) => text.replace(/smtp_auth_password_file: .*/, 'smtp_auth_password: 471100'));
    expectProblem('smtp_auth_password holds a secret in the clear');
    expect(check().output).not.toContain('471100');
  });

  test('a template that no file defines: all of them where the folder is another, one where its name is', () => {
    const { config } = pack;
    change(config, (text) =>
      text.replace('{{ template "atender.slack.title" . }}', '{{ template "title" . }}'),
    );
    expectProblem('the template "title" is used, but no file of templates/*.tmpl defines it');
    change(config, (text) => text.replace('templates/*.tmpl', '/nowhere/*.tmpl'));
    expectProblem('the template "atender.pagerduty.description" is used, but no file of /nowhere/*.tmpl');
  });

  test('an unknown receiver', () => {
    change(pack.config, (text) => text.replace('receiver: digest', 'receiver: digestive'));
    expectProblem('a route names the receiver "digestive", which is not defined');
  });

  test('a configuration that Alertmanager does not accept', () => {
    change(pack.config, (text) => text.replace('group_wait: 30s', 'group_wate: 30s'));
    expectProblem('amtool check-config failed', 'group_wate');
  });

  test('a template that does not parse', () => {
    writeFileSync(join(pack.path, 'alertmanager/templates/slack.tmpl'), '{{ define "x" }}{{ end');
    expectProblem('amtool check-config failed');
  });

  test('an alert rule without a test, also where another rule of its name has one', () => {
    change(join(pack.path, 'rules/pipeline.yml'), (text) =>
      text.replace('reason: not_read }\n        annotations', 'reason: other }\n        annotations'),
    );
    expectProblem(
      'no test expects AtenderLogSourceStale to fire with severity="page", category="pipeline", reason="other"',
    );
  });

  test('an alert whose tests are gone', () => {
    unlinkSync(join(pack.path, 'tests/key-security.test.yml'));
    unlinkSync(join(pack.path, 'tests/security-held.test.yml'));
    expectProblem('no test expects AtenderKeyNewIP to fire', 'no test expects AtenderRevokedKeyUsed to fire');
  });

  test('a recording rule without a test', () => {
    change(join(pack.path, 'rules/usage.yml'), (text) =>
      text.replace(
        'record: tenant_key:atender_requests:rate5m',
        'record: tenant_key:atender_requests:rate5min',
      ),
    );
    expectProblem('no test reads the recording tenant_key:atender_requests:rate5min');
  });

  test('an alert without a runbook, and a runbook without an alert', () => {
    const text = readFileSync(join(pack.path, 'runbooks/AtenderKeySilent.md'));
    rmSync(join(pack.path, 'runbooks/AtenderKeySilent.md'));
    writeFileSync(join(pack.path, 'runbooks/AtenderKeyQuiet.md'), text);
    expectProblem('AtenderKeySilent has no runbook', 'runbooks/AtenderKeyQuiet.md is of no alert');
  });

  test('a rule that promtool does not accept, and a file that is no YAML', () => {
    change(join(pack.path, 'rules/pipeline.yml'), (text) =>
      text.replace('expr: vector(1)', 'expr: vector(1'),
    );
    expectProblem('promtool check failed', 'AtenderWatchdog');
    writeFileSync(join(pack.path, 'rules/pipeline.yml'), 'groups: [');
    expectProblem('pipeline.yml is no YAML');
  });
});
