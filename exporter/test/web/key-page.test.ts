import { afterEach, describe, expect, test } from '@jest/globals';
import { STATES } from '../../src/health/states.ts';
import { fixture } from './fixture.ts';
import { type FixtureKey, KEYS, NOW } from './fixture-keys.ts';
import { ask, type RunningServer, startServer, stopServers } from './web-server.ts';

afterEach(stopServers);

const pageOf = async (server: RunningServer, path = '/') => (await ask(server, path)).body;
const textOf = (markup: string): string =>
  markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

describe('a key', () => {
  test('has its state, every check with value, threshold and origin, statuses, endpoints, scopes and limits', async () => {
    const server = await startServer();
    const words = textOf(await pageOf(server, '/keys/key_billing_export?tenant=acme'));
    expect(words).toContain(`What to do: ${STATES.throttled.remedy}`);
    expect(words).toMatch(/429 responses AtenderKeyThrottled Breached 16.5 % 8 % or more set for this key/);
    expect(words).toMatch(/Silence AtenderKeySilent OK 4 s more than 2 h default/);
    expect(words).toContain('70 of 70 (60 and a burst of 10)');
    expect(words).toContain('9,120 of 10,000');
    expect(words).toMatch(/429 Rate limited 4,011 11.75 % The limit per minute or per day was reached/);
    expect(words).toMatch(/GET \/v1\/analytics\/reports\/:id 34,123 100 % 30,112 0 4,011 0/);
    expect(words).toMatch(
      /contacts:read used 12 s ago not granted Granted, without recorded use: analytics:read/,
    );
    expect(words).toContain('34,123 requests, counted since 34 d ago 2026-04-24 20:26:40 UTC');
    for (const label of ['Traffic spike', 'Rotation complete', 'New surface']) expect(words).toContain(label);
  });

  test('shows its new addresses and surfaces, and the other key of its rotation as a link', async () => {
    const server = await startServer();
    expect(textOf(await pageOf(server, '/keys/key_partner_feed?tenant=acme'))).toContain(
      '203.0.113.0/24 4 min ago',
    );
    expect(textOf(await pageOf(server, '/keys/key_kb_sync?tenant=acme'))).toContain(
      'contacts 12 requests new 5 min ago',
    );
    expect(await pageOf(server, '/keys/key_mobile_2026?tenant=acme')).toContain(
      '<a href="/keys/key_mobile_2025?tenant=acme"><bdi>Mobile app 2025</bdi></a>',
    );
  });

  test('is told apart by tenant', async () => {
    const server = await startServer(
      {},
      fixture([
        { ...KEYS[0], tenant: 'acme' },
        { id: KEYS[0].id, tenant: 'beta' },
      ]),
    );
    expect(await pageOf(server, '/keys/key_crm_sync?tenant=acme')).toContain('CRM sync');
    expect(await pageOf(server, '/keys/key_crm_sync?tenant=beta')).not.toContain('CRM sync');
    expect((await ask(server, '/keys/key_crm_sync')).status).toBe(404);
  });

  test('that nobody knows is a page with 404', async () => {
    const { status, headers, body } = await ask(await startServer(), '/keys/absent?tenant=acme');
    expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(body).toContain('There is no such key.');
  });

  test('lists at most 100 endpoints and sums up the rest', async () => {
    const endpoints: FixtureKey['endpoints'] = Array.from({ length: 130 }, (_, i) => [
      'GET',
      `/v1/a${i}`,
      200,
      1000 - i,
    ]);
    const words = textOf(
      await pageOf(await startServer({}, fixture([{ id: 'key_a', endpoints }])), '/keys/key_a?tenant=acme'),
    );
    expect(words).toContain('/v1/a99 ');
    expect(words).not.toContain('/v1/a100 ');
    expect(words).toContain('and 30 endpoints more with 26,565 requests');
  });

  test('of every id the list can hold is found by its link', async () => {
    const ids = ['.', '..', 'a/b', '%2F', 'a?b#c', 'x~y:z@+', '%C3%BC'];
    const server = await startServer({}, fixture(ids.map((id) => ({ id, tenant: 't/&?#' }))));
    const links = [...(await pageOf(server)).matchAll(/role="rowheader"><a href="([^"]*)"/g)].map(
      ([, link]) => link,
    );
    expect(links).toHaveLength(ids.length);
    for (const link of links) {
      const resolved = new URL(link.replaceAll('&amp;', '&'), server.url);
      expect([link, (await ask(server, resolved.pathname + resolved.search)).status]).toEqual([link, 200]);
    }
  });
});

describe('hostile text', () => {
  const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(1)>'\`{{}}\u202e`;
  const evil: FixtureKey = {
    id: EVIL,
    tenant: EVIL,
    perMinute: { success: 1 },
    facts: {
      recentNewIps: [{ ip: EVIL, noticed: NOW - 5 }],
      newSurfaces: [{ surface: EVIL, noticed: NOW - 5 }],
      scopes: [{ scope: EVIL, lastUsed: NOW - 5 }],
      lastNewIp: NOW - 5,
    },
    endpoints: [[EVIL, `/v1/${EVIL}`, 200, 5]],
  };
  const named: FixtureKey = {
    id: 'key_named',
    entry: { name: 'N<b>ame</b> & "more"', owner: `<i>'o'</i>`, description: '<u>d</u>' },
    perMinute: { success: 1 },
  };

  test('is escaped wherever a page shows it', async () => {
    const { mirror, registry } = fixture([evil, named], { commitError: EVIL });
    const server = await startServer({}, { mirror, registry });
    const pages = [
      await pageOf(server),
      await pageOf(server, `/?q=${encodeURIComponent(EVIL)}&sort=${encodeURIComponent(EVIL)}`),
      await pageOf(server, `/keys/${encodeURIComponent(EVIL)}?tenant=${encodeURIComponent(EVIL)}`),
      await pageOf(server, '/keys/key_named?tenant=acme'),
      await pageOf(server, `/${encodeURIComponent(EVIL)}`),
    ];
    for (const page of pages) {
      expect(page).not.toMatch(/<script>|<img src=x|<b>ame|<i>'|<u>d/);
      expect(page.match(/<script/g)).toHaveLength(1);
      expect(page).not.toMatch(/ on\w+=[^&]*alert(?!\(1\)&gt;)/);
      expect(page).not.toMatch(/ style="| on[a-z]+="/);
    }
    expect(pages[2]).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(pages[3]).toContain('N&lt;b&gt;ame&lt;/b&gt; &amp; &quot;more&quot;');
  });

  test('is isolated, so that right-to-left text turns nothing around it', async () => {
    const server = await startServer({}, fixture([{ id: 'key_rtl', entry: { name: 'مفتاح\u202e' } }]));
    expect(await pageOf(server)).toContain('<bdi>مفتاح\u202e</bdi>');
  });
});
