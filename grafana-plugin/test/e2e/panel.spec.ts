import { expect, test } from '@grafana/plugin-e2e';

/** Requires the provisioned dashboards of this repository and demonstration traffic. */
const OVERVIEW = { uid: 'atender-overview' };

test('the overview lists every key, and a click keeps key and time range', async ({
  gotoDashboardPage,
  page,
}) => {
  await gotoDashboardPage({ ...OVERVIEW, timeRange: { from: 'now-1h', to: 'now' } });
  const grid = page.getByRole('grid', { name: 'API keys' });
  await expect(grid.getByRole('row').nth(3)).toBeVisible({ timeout: 30_000 });
  await grid
    .getByRole('rowheader', { name: /Bulk import/ })
    .getByRole('link')
    .click();
  await expect(page).toHaveURL(/\/d\/atender-key-usage.*var-key=key_bulk_import/);
  await expect(page).toHaveURL(/from=.+&to=/);
  await expect(page.getByRole('article', { name: /Bulk import/ })).toBeVisible({ timeout: 30_000 });
});

test('the card explains every check', async ({ gotoDashboardPage, page }) => {
  await gotoDashboardPage({
    uid: 'atender-key-usage',
    queryParams: new URLSearchParams({ 'var-tenant': 'acme', 'var-key': 'key_ticket_bridge' }),
  });
  const checks = page.getByRole('region', { name: 'Checks' });
  await expect(checks.getByText('AtenderKeyServerErrors')).toBeVisible({ timeout: 30_000 });
  await expect(checks.getByRole('row', { name: /5xx responses/ })).toContainText('Breached');
});
