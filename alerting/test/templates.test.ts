import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { copyOfPack, run } from './pack.ts';

let pack: ReturnType<typeof copyOfPack>;

beforeAll(() => {
  pack = copyOfPack();
});
afterAll(() => pack.remove());

type Texts = Record<string, string>;
interface Notification {
  status: 'firing' | 'resolved';
  alerts: { status: string; labels: Texts; annotations: Texts; endsAt?: string }[];
  groupLabels: Texts;
}

/** Renders a template of the pack as Alertmanager does, with this notification as its data. */
const render = (name: string, notification: Notification, type: 'text' | 'html' = 'text'): string =>
  renderText(`{{ template "${name}" . }}`, notification, type);

/** Renders what stands in the configuration, which may use the pack's templates. */
function renderText(
  text: string,
  { status, alerts, groupLabels }: Notification,
  type: 'text' | 'html' = 'text',
): string {
  const shared = (of: (alert: Notification['alerts'][number]) => Texts): Texts =>
    Object.fromEntries(
      Object.entries(of(alerts[0])).filter(([k, v]) => alerts.every((alert) => of(alert)[k] === v)),
    );
  const data = {
    receiver: 'test',
    status,
    alerts: alerts.map((alert) => ({
      startsAt: '2026-05-04T10:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.test/graph',
      fingerprint: '0',
      ...alert,
    })),
    groupLabels,
    commonLabels: shared((alert) => alert.labels),
    commonAnnotations: shared((alert) => alert.annotations),
    externalURL: 'http://alertmanager.test',
  };
  const file = join(pack.path, 'data.json');
  writeFileSync(file, JSON.stringify(data));
  const {
    status: code,
    stdout,
    output,
  } = run('amtool', [
    'template',
    'render',
    `--template.glob=${join(pack.path, 'alertmanager/templates/*.tmpl')}`,
    `--template.data=${file}`,
    `--template.type=${type}`,
    `--template.text=${text}`,
  ]);
  if (code !== 0) throw new Error(output);
  return stdout.replace(/\n$/, '');
}

const SILENT: Notification = {
  status: 'firing',
  groupLabels: { alertname: 'AtenderKeySilent', tenant_id: 'acme', key_id: 'key_crm' },
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'AtenderKeySilent', severity: 'page', tenant_id: 'acme', key_id: 'key_crm' },
      annotations: {
        key: 'key_crm "CRM sync"',
        owner: 'crm-team',
        tier: 'professional',
        summary: 'Key key_crm "CRM sync" has not been used for 2h 6m 0s',
        description: 'The last request was at 10:00.',
        value: '2h 6m 0s without use',
        threshold: '2h 0m 0s',
        dashboard_url: 'https://grafana.test/d/atender-key-usage?var-tenant=acme&var-key=key_crm',
        runbook_url: 'https://runbooks.test/AtenderKeySilent.md',
      },
    },
  ],
};

const NEW_IP: Notification = {
  status: 'firing',
  groupLabels: { alertname: 'AtenderKeyNewIP', key_id: 'key_kb' },
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'AtenderKeyNewIP', severity: 'ticket', key_id: 'key_kb' },
      annotations: {
        key: 'key_kb',
        owner: 'unknown',
        summary: 'Key key_kb: first request from a new IP address',
        description: 'A new one.',
        value: 'new address noticed 10s ago',
        threshold: '15m 0s',
        recent_new_ips: '203.0.113.0/24, 2001:db8::/64',
        dashboard_url: 'http://prometheus.test/graph?g0.expr=a&g0.tab=0',
        runbook_url: 'alerting/runbooks/AtenderKeyNewIP.md',
      },
    },
  ],
};

const STALE: Notification = {
  status: 'firing',
  groupLabels: { alertname: 'AtenderKeyStale', tenant_id: 'acme' },
  alerts: ['key_a', 'key_b'].map((key) => ({
    status: 'firing',
    labels: {
      alertname: 'AtenderKeyStale',
      severity: 'info',
      category: 'lifecycle',
      tenant_id: 'acme',
      key_id: key,
    },
    annotations: {
      key,
      owner: `owner-of-${key}`,
      summary: `Key ${key} is stale: no use for 31d`,
      description: 'Ask the owner.',
      value: '31d without use',
      threshold: '30d 0h 0m 0s',
      dashboard_url: `https://grafana.test/d/atender-key-usage?var-tenant=acme&var-key=${key}`,
      runbook_url: 'https://runbooks.test/AtenderKeyStale.md',
    },
  })),
};

/** The same notification with one hostile text in every place. */
function hostile(notification: Notification, text: string): Notification {
  const [alert] = notification.alerts;
  const spoil = (texts: Texts): Texts =>
    Object.fromEntries(
      Object.entries(texts).map(([name, value]) => [name, name.endsWith('_url') ? value : text]),
    );
  return { ...notification, alerts: [{ ...alert, annotations: spoil(alert.annotations) }] };
}

describe('Slack', () => {
  test('shows key, owner, tenant, tier, value, threshold and both links', () => {
    expect(render('atender.slack.title', SILENT)).toBe('[PAGE] AtenderKeySilent — key_crm "CRM sync"');
    expect(render('atender.slack.color', SILENT)).toBe('danger');
    expect(render('atender.slack.text', SILENT).trim()).toBe(
      [
        '*Key key_crm "CRM sync" has not been used for 2h 6m 0s*',
        'The last request was at 10:00.',
        '*Value:* 2h 6m 0s without use',
        '*Threshold:* 2h 0m 0s',
        '*Owner:* crm-team',
        '*Tenant:* acme',
        '*Tier:* professional',
        '<https://grafana.test/d/atender-key-usage?var-tenant=acme&amp;var-key=key_crm|Dashboard> · <https://runbooks.test/AtenderKeySilent.md|Runbook>',
      ].join('\n'),
    );
  });

  test('shows recent new addresses, and a runbook that is no address as text', () => {
    const text = render('atender.slack.text', NEW_IP);
    expect(text).toContain('*Recent new IPs:* 203.0.113.0/24, 2001:db8::/64\n');
    expect(text).toContain('· Runbook: alerting/runbooks/AtenderKeyNewIP.md');
    expect(text).not.toContain('*Tenant:*');
    expect(render('atender.slack.color', NEW_IP)).toBe('warning');
  });

  test('says when it is over', () => {
    const [alert] = SILENT.alerts;
    const resolved: Notification = {
      ...SILENT,
      status: 'resolved',
      alerts: [{ ...alert, status: 'resolved', endsAt: '2026-05-04T12:30:00Z' }],
    };
    expect(render('atender.slack.title', resolved)).toBe('Resolved: AtenderKeySilent — key_crm "CRM sync"');
    expect(render('atender.slack.text', resolved)).toContain('Resolved 2026-05-04 12:30:00 UTC.');
    expect(render('atender.slack.color', resolved)).toBe('good');
  });

  test('lets nothing from a log mention people or make links', () => {
    const text = render('atender.slack.text', hostile(SILENT, '<!channel> <https://evil.test|a & b>'));
    expect(text).toContain('*Owner:* &lt;!channel&gt; &lt;https://evil.test|a &amp; b&gt;');
    expect(text.match(/<[^>]*>/g)).toHaveLength(2);
    const title = render('atender.slack.title', hostile(SILENT, '<!channel>'));
    expect(title).toBe('[PAGE] AtenderKeySilent — &lt;!channel&gt;');
  });

  test('a link cannot be broken out of', () => {
    const [alert] = SILENT.alerts;
    const annotations = { ...alert.annotations, dashboard_url: 'https://grafana.test/?a=> <!here|x' };
    const text = render('atender.slack.text', { ...SILENT, alerts: [{ ...alert, annotations }] });
    expect(text).toContain('<https://grafana.test/?a=%3E%20%3C!here%7Cx|Dashboard>');
  });
});

/** A regressed release: so many endpoints of one key answer 404, of which the first ones do no more. */
function endpoints(firing: number, resolved: number): Notification {
  const alert = (i: number) => ({
    status: i < resolved ? 'resolved' : 'firing',
    labels: {
      alertname: 'AtenderEndpointErrors',
      severity: 'ticket',
      key_id: 'key_crm',
      endpoint: `/v1/${i}`,
    },
    annotations: { key: 'key_crm', summary: `Key key_crm: endpoint ${i}.`, description: 'x'.repeat(600) },
    endsAt: '2026-05-04T12:30:00Z',
  });
  const alerts = Array.from({ length: firing + resolved }, (_, i) => alert(i));
  const groupLabels = { alertname: 'AtenderEndpointErrors', key_id: 'key_crm' };
  return { status: firing > 0 ? 'firing' : 'resolved', groupLabels, alerts };
}

describe('Slack, of many alerts in one message', () => {
  test('shows five that fire before five that are resolved, says how many there are, and stays short', () => {
    const text = render('atender.slack.text', endpoints(300, 40));
    expect([...text.matchAll(/endpoint (\d+)/g)].map(([, i]) => Number(i))).toEqual([
      ...[40, 41, 42, 43, 44],
      ...[0, 1, 2, 3, 4],
    ]);
    expect(text).toContain(
      'These are the first five of 300 that fire and of 40 that are resolved; <http://alertmanager.test|Alertmanager has all of them>.',
    );
    expect(text.length).toBeLessThan(8000);
  });

  test('shows all of five', () => {
    const text = render('atender.slack.text', endpoints(5, 0));
    expect(text.match(/endpoint/g)).toHaveLength(5);
    expect(text).not.toContain('These are the first');
  });
});

test("an alert of somebody else's rules, without annotations, is called by its name everywhere", () => {
  const labels = { alertname: 'DiskFull' };
  const alerts = [{ status: 'firing', labels: { ...labels, severity: 'page' }, annotations: {} }];
  const foreign: Notification = { status: 'firing', groupLabels: labels, alerts };
  expect(render('atender.slack.text', foreign)).toContain('*DiskFull*');
  expect(render('atender.pagerduty.description', foreign)).toBe('DiskFull');
  expect(render('atender.pagerduty.summary', foreign)).toBe('\tDiskFull');
  expect(render('atender.email.subject', foreign)).toBe('DiskFull: DiskFull');
  expect(render('atender.email.html', foreign, 'html')).toContain('<strong>DiskFull</strong>');
});

describe('E-mail', () => {
  test('the digest lists every key with owner, value, threshold and links', () => {
    expect(render('atender.email.subject', STALE)).toBe('AtenderKeyStale (acme): 2 keys');
    const html = render('atender.email.html', STALE, 'html');
    for (const key of ['key_a', 'key_b']) {
      expect(html).toContain(`<strong>Key ${key} is stale: no use for 31d</strong>`);
      expect(html).toContain(`<td>owner-of-${key}</td>`);
      expect(html).toContain(`var-key=${key}">Dashboard</a>`);
    }
    expect(html).toContain('<td>30d 0h 0m 0s</td>');
    expect(html).toContain('<a href="https://runbooks.test/AtenderKeyStale.md">Runbook</a>');
    const text = render('atender.email.text', STALE);
    expect(text).toContain('Key key_b is stale: no use for 31d\n  Ask the owner.\n  Value: 31d without use');
    expect(text).toContain('  Owner: owner-of-key_b\n');
  });

  test('one alert is its own subject, and shows new addresses', () => {
    expect(render('atender.email.subject', NEW_IP)).toBe(
      'AtenderKeyNewIP: Key key_kb: first request from a new IP address',
    );
    expect(render('atender.email.html', NEW_IP, 'html')).toContain(
      'Recent new IPs: 203.0.113.0/24, 2001:db8::/64',
    );
    expect(render('atender.email.html', NEW_IP, 'html')).toContain(
      'Runbook: alerting/runbooks/AtenderKeyNewIP.md',
    );
  });

  test('lets nothing from a log become HTML', () => {
    const html = render('atender.email.html', hostile(SILENT, '<img src=x onerror=alert(1)>'), 'html');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).not.toContain('<img');
    const [alert] = SILENT.alerts;
    const annotations = { ...alert.annotations, dashboard_url: 'javascript:alert(1)' };
    const link = render('atender.email.html', { ...SILENT, alerts: [{ ...alert, annotations }] }, 'html');
    expect(link).not.toContain('javascript:');
  });
});

describe('PagerDuty', () => {
  test('is told the summary of one alert, and the number and the first of several', () => {
    expect(render('atender.pagerduty.description', SILENT)).toBe(
      'Key key_crm "CRM sync" has not been used for 2h 6m 0s',
    );
    expect(render('atender.pagerduty.description', STALE)).toBe(
      'AtenderKeyStale: 2 alerts. Key key_a is stale: no use for 31d',
    );
    expect(render('atender.pagerduty.summary', STALE)).toBe(
      '\tKey key_a is stale: no use for 31d; Key key_b is stale: no use for 31d',
    );
    expect(render('atender.pagerduty.text', SILENT)).toBe('\tThe last request was at 10:00.');
  });

  test('no detail is taken for YAML, and so for a template, by newer Alertmanagers', () => {
    const { receivers } = parse(readFileSync(pack.config, 'utf8'), { merge: true }) as {
      receivers: { pagerduty_configs?: { details: Texts }[] }[];
    };
    const details = receivers.flatMap(({ pagerduty_configs = [] }) =>
      pagerduty_configs.map((one) => one.details),
    );
    expect(details).toHaveLength(2);
    for (const [name, template] of details.flatMap((texts) => Object.entries(texts))) {
      const text = renderText(template, hostile(SILENT, 'down: {{ .ExternalURL }}'));
      if (['firing', 'resolved'].includes(name)) expect(text).toMatch(/^\d$/);
      else expect(text).toMatch(/^\t/);
    }
  });

  test('links to the dashboard, and to Alertmanager where several have none in common', () => {
    expect(render('atender.dashboard', SILENT)).toBe(SILENT.alerts[0].annotations.dashboard_url);
    expect(render('atender.dashboard', STALE)).toBe('http://alertmanager.test');
  });
});
