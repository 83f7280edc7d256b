import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alertsOf, change, copyOfPack, run, switchWebhookOn } from './pack.ts';

let pack: ReturnType<typeof copyOfPack>;

beforeAll(() => {
  pack = copyOfPack();
});
afterAll(() => pack.remove());

/** The receivers that an alert with these labels reaches. */
function receiversOf(alertname: string, labels: Record<string, string> = {}): string {
  const pairs = Object.entries({ alertname, ...labels }).map(([name, value]) => `${name}=${value}`);
  return run('amtool', ['config', 'routes', 'test', `--config.file=${pack.config}`, ...pairs]).stdout.trim();
}

/** Where each alert of the pack goes, by severity where it has several. */
const RECEIVERS: Record<string, Record<string, string>> = {
  AtenderKeySilent: { page: 'page' },
  AtenderKeyThrottled: { ticket: 'ticket' },
  AtenderKeyServerErrors: { page: 'page', ticket: 'ticket' },
  AtenderEndpointErrors: { ticket: 'ticket' },
  AtenderKeyQuotaNearlyExhausted: { ticket: 'ticket' },
  AtenderKeyForbiddenSpike: { ticket: 'security-ticket' },
  AtenderKeyNewIP: { ticket: 'security-ticket' },
  AtenderKeyNewSurface: { ticket: 'security-ticket' },
  AtenderKeyUnauthorized: { ticket: 'security-ticket' },
  AtenderRevokedKeyUsed: { page: 'page', ticket: 'security-ticket' },
  AtenderKeyStale: { info: 'digest' },
  AtenderKeyRotationComplete: { info: 'digest' },
  AtenderKeyRotationOverdue: { info: 'digest' },
  AtenderKeyTrafficSpike: { ticket: 'ticket' },
  AtenderKeyTrafficDip: { ticket: 'ticket' },
  AtenderExporterDown: { page: 'page' },
  AtenderLogPatternUnmatched: { page: 'page', ticket: 'ticket' },
  AtenderLogSourceAhead: { ticket: 'ticket' },
  AtenderLogSourceStale: { page: 'page' },
  AtenderExporterLagging: { ticket: 'ticket' },
  AtenderLinesRejected: { ticket: 'ticket' },
  AtenderCommitFailing: { page: 'page' },
  AtenderArchiveFailing: { ticket: 'ticket' },
  AtenderSharedFactsStale: { ticket: 'ticket' },
  AtenderNotificationsFailing: { page: 'failed-notifications' },
  AtenderWatchdog: { info: 'dead-man' },
};

describe('each alert reaches its receiver', () => {
  for (const { alert = '', labels = {} } of alertsOf())
    test(`${alert} (${Object.values(labels).join(', ')}) reaches ${RECEIVERS[alert]?.[labels.severity]}`, () => {
      expect(receiversOf(alert, labels)).toBe(RECEIVERS[alert]?.[labels.severity]);
    });
});

test('an alert that no route knows still reaches people', () => {
  expect(receiversOf('SomethingElse')).toBe('ticket');
});

test('with the webhook switched on, what reaches people reaches it as well, and the beats do not', () => {
  const before = pack;
  pack = copyOfPack();
  try {
    change(pack.config, switchWebhookOn);
    expect(receiversOf('AtenderKeySilent', { severity: 'page', category: 'availability' })).toBe(
      'webhook,page',
    );
    expect(receiversOf('AtenderKeyNewIP', { severity: 'ticket', category: 'security' })).toBe(
      'webhook,security-ticket',
    );
    expect(receiversOf('AtenderKeyStale', { severity: 'info', category: 'lifecycle' })).toBe(
      'webhook,digest',
    );
    expect(receiversOf('AtenderWatchdog', { severity: 'info', category: 'pipeline' })).toBe('dead-man');
  } finally {
    pack.remove();
    pack = before;
  }
});
