import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../exporter/test/exporter-process.ts';
import { type Alertmanager, startAlertmanager } from './alertmanager.ts';
import { alertsOf, copyOfPack } from './pack.ts';

let pack: ReturnType<typeof copyOfPack>;
let alertmanager: Alertmanager;

beforeEach(async () => {
  pack = copyOfPack();
  alertmanager = await startAlertmanager(pack.config, join(pack.path, 'storage'));
});
afterEach(async () => {
  await alertmanager.stop();
  pack.remove();
});

const labelsOf = (alertname: string, severity?: string): Record<string, string> => {
  const rule = alertsOf().find(
    ({ alert, labels }) => alert === alertname && (severity === undefined || labels?.severity === severity),
  );
  if (rule === undefined) throw new Error(`no rule ${alertname}`);
  return { alertname, ...rule.labels };
};
const alert = (alertname: string, labels: Record<string, string> = {}, severity?: string) => ({
  labels: { ...labelsOf(alertname, severity), ...labels },
});
const of = (key_id: string, tenant_id?: string) => ({
  key_id,
  ...(tenant_id === undefined ? {} : { tenant_id }),
});

/** The alerts Alertmanager holds, and what inhibits each, become these. */
const inhibited = (expected: Record<string, string[]>) =>
  eventually(async () => expect(await alertmanager.inhibitions()).toEqual(expected));

test("a blind pipeline inhibits keys' availability and anomalies, never their security; lifecycle and the watchdog go on", async () => {
  await alertmanager.fire(
    alert('AtenderExporterDown', { instance: 'a' }),
    alert('AtenderKeySilent', of('key')),
    alert('AtenderKeyTrafficDip', of('key')),
    alert('AtenderKeyThrottled', of('other')),
    alert('AtenderRevokedKeyUsed', of('old'), 'page'),
    alert('AtenderKeyNewIP', of('key')),
    alert('AtenderKeyStale', of('stale')),
    alert('AtenderWatchdog'),
  );
  await inhibited({
    'AtenderExporterDown page': [],
    'AtenderKeySilent page /key': ['AtenderExporterDown page'],
    'AtenderKeyTrafficDip ticket /key': ['AtenderExporterDown page'],
    'AtenderKeyThrottled ticket /other': ['AtenderExporterDown page'],
    'AtenderRevokedKeyUsed page /old': [],
    'AtenderKeyNewIP ticket /key': [],
    'AtenderKeyStale info /stale': [],
    'AtenderWatchdog info': [],
  });
});

test('a page for a key inhibits the tickets of that key in that tenant, but no security ticket, no other key, and none without key', async () => {
  await alertmanager.fire(
    alert('AtenderKeyServerErrors', of('key', 'acme'), 'page'),
    alert('AtenderKeyThrottled', of('key', 'acme')),
    alert('AtenderKeyForbiddenSpike', of('key', 'acme')),
    alert('AtenderEndpointErrors', of('other', 'acme')),
    alert('AtenderKeyQuotaNearlyExhausted', of('key', 'umbrella')),
    alert('AtenderLogPatternUnmatched', {}, 'ticket'),
    alert('AtenderLinesRejected', { source: 'main' }),
    alert('AtenderRevokedKeyUsed', of('old'), 'page'),
    alert('AtenderRevokedKeyUsed', of('old'), 'ticket'),
    alert('AtenderRevokedKeyUsed', of('retired'), 'page'),
    alert('AtenderKeyUnauthorized', of('retired')),
    alert('AtenderRevokedKeyUsed', of('retried'), 'ticket'),
    alert('AtenderKeyUnauthorized', of('retried')),
    alert('AtenderKeyUnauthorized', of('new')),
  );
  await inhibited({
    'AtenderKeyServerErrors page acme/key': [],
    'AtenderKeyThrottled ticket acme/key': ['AtenderKeyServerErrors page acme/key'],
    'AtenderKeyForbiddenSpike ticket acme/key': [],
    'AtenderEndpointErrors ticket acme/other': [],
    'AtenderKeyQuotaNearlyExhausted ticket umbrella/key': [],
    'AtenderLogPatternUnmatched ticket': [],
    'AtenderLinesRejected ticket': [],
    'AtenderRevokedKeyUsed page /old': [],
    'AtenderRevokedKeyUsed ticket /old': ['AtenderRevokedKeyUsed page /old'],
    'AtenderRevokedKeyUsed page /retired': [],
    'AtenderKeyUnauthorized ticket /retired': ['AtenderRevokedKeyUsed page /retired'],
    'AtenderRevokedKeyUsed ticket /retried': [],
    'AtenderKeyUnauthorized ticket /retried': ['AtenderRevokedKeyUsed ticket /retried'],
    'AtenderKeyUnauthorized ticket /new': [],
  });
});

for (const source of [
  'AtenderExporterDown',
  'AtenderLogPatternUnmatched',
  'AtenderLogSourceStale',
  'AtenderExporterLagging',
  'AtenderCommitFailing',
])
  test(`${source} alone inhibits availability`, async () => {
    await alertmanager.fire(alert(source), alert('AtenderKeyThrottled', of('key')));
    await eventually(async () => {
      const by = (await alertmanager.inhibitions())['AtenderKeyThrottled ticket /key'];
      expect(by).toEqual([expect.stringMatching(`^${source} `)]);
    });
  });

test('rejected lines, archive, sharing, failing notifications and the watchdog inhibit nothing', async () => {
  await alertmanager.fire(
    alert('AtenderLinesRejected', { source: 'main' }),
    alert('AtenderArchiveFailing', { instance: 'a' }),
    alert('AtenderSharedFactsStale', { instance: 'a' }),
    alert('AtenderNotificationsFailing', { integration: 'slack' }),
    alert('AtenderWatchdog'),
    alert('AtenderKeySilent', of('key')),
    // Comes last and is inhibited: then all others were judged.
    alert('AtenderKeyThrottled', of('key')),
  );
  await inhibited({
    'AtenderKeySilent page /key': [],
    'AtenderKeyThrottled ticket /key': ['AtenderKeySilent page /key'],
    'AtenderLinesRejected ticket': [],
    'AtenderArchiveFailing ticket': [],
    'AtenderSharedFactsStale ticket': [],
    'AtenderNotificationsFailing page': [],
    'AtenderWatchdog info': [],
  });
});
