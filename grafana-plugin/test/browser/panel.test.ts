import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../exporter/test/exporter-process.ts';
import { type Demonstration, startDemonstration } from './demonstration.ts';
import { inventedKeys } from './invented-keys.ts';
import { LINES, type LoaderHost, openHost } from './loader-host.ts';
import { SCENES, Scenes } from './scenes.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let demonstration: Demonstration;
let scenes: Scenes;

beforeAll(async () => {
  demonstration = await startDemonstration();
  scenes = await Scenes.of(demonstration);
}, 300_000);

afterAll(() => demonstration?.stop());

describe.each(LINES)('in Grafana %s', (line) => {
  let host: LoaderHost;
  beforeAll(async () => {
    host = await openHost(line);
  }, 120_000);
  afterAll(() => host?.close());

  const names = () =>
    host.page.$$eval('[role=rowheader] [data-opens]', (links) => links.map((link) => link.textContent ?? ''));
  const row = (id: string) => host.page.locator('[role=row]', { hasText: id });

  test('the rows are the keys that PromQL returns, with the same numbers', async () => {
    await host.show(scenes.overview());
    const keys = await demonstration.ask('count(group by (tenant_id, key_id) (atender_key_info))', scenes.at);
    expect(await names()).toHaveLength(Number(keys[0]?.value[1]));
    const sums = await demonstration.ask(
      'sum by (key_id) (increase(atender_requests_total{key_id!~"__(none|other)__"}[1h]))',
      scenes.at,
    );
    for (const { metric, value } of sums.filter(({ value }) => Number(value[1]) < 1000))
      expect(await row(String(metric.key_id)).locator('[role=gridcell]').nth(5).innerText()).toContain(
        String(Math.round(Number(value[1]))),
      );
    expect(host.complaints()).toEqual([]);
  });

  test('states are sorted worst first, and the incidents of the demonstration are shown', async () => {
    await host.show(scenes.overview());
    const text = await host.page.locator('[role=grid]').innerText();
    const found = ['Revoked but used', 'Failing', 'Unauthorised', 'Silent', 'Throttled', 'Healthy'];
    const places = found.map((state) => text.indexOf(state));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('a click follows the data link of the key with the time range', async () => {
    await host.show(scenes.overview());
    const href = await row('key_crm_sync').locator('a').getAttribute('href');
    expect(href).toBe(
      `/d/atender-key-usage?var-tenant=acme&var-key=key_crm_sync&from=${scenes.from}&to=${scenes.to}`,
    );
    const followed = host.page.waitForEvent('framenavigated', { timeout: 10_000 });
    await row('key_crm_sync').locator('[role=gridcell]').first().click();
    await followed;
    expect(new URL(host.page.url()).pathname + new URL(host.page.url()).search).toBe(href);
    await host.reload();
  });

  test('Grafana handles a click or Enter without a page reload', async () => {
    await host.show(scenes.overview());
    const href = await row('key_crm_sync').locator('a').getAttribute('href');
    await host.page.evaluate(() =>
      document.addEventListener('click', (event) => {
        const link = (event.target as Element).closest('a');
        if (!link || link.getAttribute('target')) return;
        event.preventDefault();
        document.body.dataset.followed = `${document.body.dataset.followed ?? ''}${link.getAttribute('href')} `;
      }),
    );
    await row('key_crm_sync').locator('[role=gridcell]').first().click();
    await row('key_crm_sync').focus();
    await host.page.keyboard.press('Enter');
    expect(await host.page.getAttribute('body', 'data-followed')).toBe(`${href} ${href} `);
    await host.reload();
  });

  test.each([
    ['Ctrl', { modifiers: ['ControlOrMeta' as const] }],
    ['the middle button', { button: 'middle' as const }],
  ])('a click with %s opens the link in a new tab', async (_, how) => {
    await host.show(scenes.overview());
    const [href, here] = [await row('key_crm_sync').locator('a').getAttribute('href'), host.page.url()];
    const opened = host.page.context().waitForEvent('page', { timeout: 10_000 });
    await row('key_crm_sync').locator('[role=gridcell]').first().click(how);
    const tab = await opened;
    await tab.waitForURL((url) => url.pathname + url.search === href, { timeout: 10_000 });
    await tab.close();
    expect(host.page.url()).toBe(here);
  });

  test('ids are escaped in links', async () => {
    const frames = inventedKeys(1, scenes.to).map((frame) => ({
      ...frame,
      fields: frame.fields.map((field) =>
        field.name === 'key_id' ? { ...field, values: ['a&var-key=b#"<x>'] } : field,
      ),
    }));
    await host.show(scenes.overview({ frames: frames.filter(({ refId }) => refId !== 'volume') }));
    const href = (await host.page.locator('[data-opens]').getAttribute('href')) ?? '';
    expect(new URL(href, 'http://x').searchParams.getAll('var-key')).toEqual(['a&var-key=b#"<x>']);
  });

  test('a data link to a script is removed', async () => {
    const links = [{ title: 'x', url: 'javascript:alert(1)' }];
    await host.show(scenes.overview({ fieldConfig: { defaults: { links }, overrides: [] } }));
    const hrefs = await host.page.$$eval('a', (all) => all.map((link) => link.getAttribute('href') ?? ''));
    expect(hrefs.filter((href) => href.startsWith('javascript'))).toEqual([]);
  });

  test('a state and its count have the same colour', async () => {
    await host.show(scenes.overview());
    for (const [id, state] of [
      ['key_ticket_bridge', 'Failing'],
      ['key_bulk_import', 'Throttled'],
    ] as const) {
      const colors = [
        row(id).getByText(state, { exact: true }).first(),
        host.page.getByRole('button', { name: state }).locator('span').first(),
      ].map((one) => one.evaluate((element) => getComputedStyle(element).color));
      expect(new Set(await Promise.all(colors)).size).toBe(1);
    }
  });

  test.each([200, 280, 330, 380])(
    'in a panel of %d px the name of every visible key is visible',
    async (width) => {
      await host.show(scenes.invented(30, { width, height: 600 }));
      const { places, edges } = await host.page.evaluate(() => {
        const sides = (element: Element) => {
          const { left, right, top, bottom } = element.getBoundingClientRect();
          return { left, right, top, bottom };
        };
        const rows = [...document.querySelectorAll('[data-row]')];
        return {
          places: rows.map((one) => ({
            row: sides(one),
            name: sides(one.querySelector('[data-opens] bdi') as Element),
          })),
          edges: sides(document.querySelector('[role=grid]') as Element),
        };
      });
      expect(places.length).toBeGreaterThan(5);
      for (const { row, name } of places) {
        expect(name.right).toBeGreaterThan(name.left + 40);
        expect(name.right).toBeLessThanOrEqual(edges.right);
        expect(name.top).toBeGreaterThanOrEqual(row.top);
        expect(name.bottom).toBeLessThanOrEqual(row.bottom);
      }
    },
  );

  test.each(['Asia/Kathmandu', 'America/New_York'])(
    'times use the time zone %s of the dashboard',
    async (timeZone) => {
      await host.show(scenes.overview({ timeZone }));
      const time = host.page.locator('time').first();
      const written = (moment: string | number) => new Date(moment).toLocaleString('sv-SE', { timeZone });
      expect(await time.getAttribute('title')).toBe(written((await time.getAttribute('datetime')) ?? ''));
      await host.show(scenes.card({ timeZone }));
      expect(await host.page.locator('article').innerText()).toContain(written(scenes.to));
    },
  );

  test('every row is at its position, including a focused row out of view', async () => {
    await host.reload();
    await host.show(scenes.invented(300));
    await host.page.locator('[role=row][tabindex="0"]').focus();
    await host.page.locator('[role=grid]').evaluate((grid) => {
      grid.scrollTop = 5000;
    });
    await host.page.waitForSelector('[data-row="90"]');
    const rows = await host.page.$$eval('[data-row]', (all) =>
      all.map((one) => [Number(one.getAttribute('data-row')), (one as HTMLElement).offsetTop / 56]),
    );
    expect(rows.map(([row]) => row)).toContain(0);
    for (const [row, place] of rows) expect(place).toBe(row);
    expect(await host.page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('0');
  });

  const PURPLE = 'rgb(1, 2, 3)';
  test.each([
    ['another title and colour', { text: 'On fire', color: PURPLE }, 'On fire', true],
    ['a colour alone', { color: PURPLE }, 'Failing', true],
    ['its own title again, with a colour', { text: 'Failing', color: PURPLE }, 'Failing', true],
    ['another title alone', { text: 'On fire' }, 'On fire', false],
  ])(
    'a value mapping gives a state %s and does not change other states',
    async (_, result, title, isPurple) => {
      const mappings = [{ type: 'value', options: { Failing: { ...result, index: 0 } } }];
      await host.show(scenes.overview({ fieldConfig: { defaults: { mappings }, overrides: [] } }));
      const color = (of: ReturnType<typeof row>, text: string) =>
        of
          .getByText(text, { exact: true })
          .first()
          .evaluate((label) => getComputedStyle(label).color);
      expect((await color(row('key_ticket_bridge'), title)) === PURPLE).toBe(isPurple);
      expect(await color(host.page.locator('[role=grid]'), 'Throttled')).not.toBe(PURPLE);
    },
  );

  test('thresholds, unit and decimals of field config apply to numbers', async () => {
    const steps = [
      { value: null, color: 'green' },
      { value: 1, color: PURPLE },
    ];
    const properties = [
      { id: 'thresholds', value: { mode: 'absolute', steps } },
      { id: 'unit', value: 'reqpm' },
      { id: 'decimals', value: 2 },
    ];
    const overrides = [{ matcher: { id: 'byName', options: 'requests' }, properties }];
    await host.show(scenes.overview({ fieldConfig: { defaults: {}, overrides } }));
    const figure = row('key_crm_sync').getByText(/^[\d.,]+ req\/m/);
    expect(await figure.innerText()).toMatch(/\.\d\d req\/m/);
    expect(await figure.evaluate((span) => getComputedStyle(span).color)).toBe(PURPLE);
  });

  test('a threshold has the unit of its number', async () => {
    const properties = [{ id: 'unit', value: 'reqps' }];
    const overrides = [{ matcher: { id: 'byName', options: 'forbidden' }, properties }];
    await host.show(scenes.overview({ fieldConfig: { defaults: {}, overrides } }));
    expect(await row('key_crm_sync').innerText()).toContain('of 5 req/s');
  });

  test('sorting, search and counts work with the keyboard', async () => {
    await host.show(scenes.overview());
    await host.page.getByRole('button', { name: 'Requests/h' }).press('Enter');
    expect((await names())[0]).toBe('Bulk import');
    await host.page.getByRole('textbox', { name: 'Search keys' }).fill('crm');
    expect(await names()).toEqual(['CRM sync']);
    await host.page.getByRole('textbox', { name: 'Search keys' }).fill('');
    await host.page.getByRole('button', { name: /1 Silent/ }).press('Space');
    expect(await names()).toEqual(['Order events']);
    await host.page.getByRole('button', { name: /All$/ }).press('Space');
    await host.page.locator('[role=row][tabindex="0"]').focus();
    await host.page.keyboard.press('End');
    expect(await host.page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex'))).toBe('16');
    expect(host.complaints()).toEqual([]);
  });

  test('a filter shows only keys with the chosen value', async () => {
    await host.reload();
    await host.show(scenes.overview());
    const all = (await names()).length;
    await host.page.getByRole('combobox', { name: 'Environment' }).click();
    await host.page.getByRole('option', { name: 'sandbox' }).click();
    await host.page.keyboard.press('Escape');
    // The keys are drawn with a delay.
    await eventually(async () => {
      const environments = await host.page.$$eval('[role=row] [role=gridcell]:nth-child(3)', (cells) =>
        cells.map((cell) => cell.textContent ?? ''),
      );
      expect(environments.length).toBeLessThan(all);
      expect([...new Set(environments)]).toEqual(['sandbox']);
    });
    expect(host.complaints()).toEqual([]);
  });

  test('copies the shown keys as CSV', async () => {
    await host.reload();
    await host.show(scenes.overview());
    const copy = host.page.getByRole('button', { name: 'Copy CSV' });
    await copy.click();
    expect(await copy.count()).toBe(1);
    const copied = await host.page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split(/\r?\n/).filter(Boolean)).toHaveLength(16);
  });

  test('the card explains every check and shows the rotation', async () => {
    await host.show(scenes.card());
    const text = await host.page.locator('article').innerText();
    for (const part of [
      'Mobile app (old)',
      'Rotating',
      'Safe to revoke after',
      'AtenderKeySilent',
      'GET /v1/contacts/:id',
    ])
      expect(text).toContain(part);
    expect(host.complaints()).toEqual([]);
  });

  test.each(Object.entries(SCENES))(
    '%s: no accessibility violation, no console error, no overflow',
    async (_, scene) => {
      await host.page.mouse.move(0, 0);
      await host.show(scene(scenes));
      await host.page.waitForTimeout(200);
      await host.page.evaluate(AXE);
      const violations = await host.page.evaluate(async () => {
        const { axe } = window as unknown as {
          axe: {
            run: (
              context: unknown,
              options: unknown,
            ) => Promise<{
              violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
            }>;
          };
        };
        const { violations } = await axe.run('section', { rules: { 'heading-order': { enabled: false } } });
        return violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
        );
      });
      expect(violations).toEqual([]);
      expect(host.complaints()).toEqual([]);
      const wide = await host.page.evaluate(
        () => document.documentElement.scrollWidth <= window.innerWidth + 1,
      );
      expect(wide).toBe(true);
    },
  );
});
