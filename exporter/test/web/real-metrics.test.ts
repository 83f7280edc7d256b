import { afterEach, expect, test } from '@jest/globals';
import { Exposition } from '../../src/metrics/exposition.ts';
import { Mirror } from '../../src/metrics/mirror.ts';
import { fixture, publicationOf } from './fixture.ts';
import { KEYS } from './fixture-keys.ts';
import { ask, startServer, stopServers } from './web-server.ts';

afterEach(stopServers);

test('one publication shows in /metrics and on the page alike', async () => {
  const { registry } = fixture();
  const mirror = new Mirror();
  const exposition = new Exposition(
    mirror,
    () => registry,
    async () => '',
  );
  mirror.apply(publicationOf(KEYS));
  const server = await startServer({ exposition }, { mirror, registry });
  expect((await ask(server, '/metrics')).body).toContain(
    'atender_requests_total{key_id="key_billing_export",tenant_id="acme",status="429",status_class="4xx"} 4011\n',
  );
  const openmetrics = await ask(server, '/metrics', { headers: { accept: 'application/openmetrics-text' } });
  expect(openmetrics.body).toMatch(/\n# EOF\n$/);
  expect((await ask(server, '/keys/key_billing_export?tenant=acme')).body).toContain('4,011');
});
