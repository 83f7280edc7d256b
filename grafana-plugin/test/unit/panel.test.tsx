import {
  type DataFrame,
  type DateTime,
  dateTime,
  EventBusSrv,
  LoadingState,
  type PanelData,
  type PanelProps,
} from '@grafana/data';
import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { RESULT_TITLES } from '../../../exporter/src/health/wording.ts';
import { KeyUsagePanel } from '../../src/components/KeyUsagePanel/KeyUsagePanel.tsx';
import type { PanelOptions } from '../../src/options/options.ts';
import { COLUMN_NAMES } from '../../src/overview/columns.ts';
import { ROLE_TEXTS } from '../../src/roles/role-texts.ts';
import { ROLE_NAMES } from '../../src/roles/roles.ts';
import { keyFrames, keyOf, listOf, NOW, panelData, series, table } from './frames.ts';
import { textOf, textOfRole } from './texts.ts';

const OPTIONS: PanelOptions = {
  view: 'overview',
  columns: [...COLUMN_NAMES],
  sortBy: 'state',
  showCounts: true,
  showFilters: true,
  key: '$key',
  tenant: '$tenant',
  roles: {},
};

/** All roles except `keys`, whose empty result would hide every key. */
const ASKED = ROLE_NAMES.filter((role) => role !== 'keys');

/** Properties as Grafana passes them, with every query requested. */
function propsOf(frames: DataFrame[], more: Partial<PanelProps<PanelOptions>> & { data?: PanelData } = {}) {
  const request = { targets: ASKED.map((refId) => ({ refId })) } as never;
  const data = panelData(frames, { request });
  return {
    id: 1,
    title: '',
    data,
    timeRange: data.timeRange,
    timeZone: 'utc',
    options: OPTIONS,
    fieldConfig: { defaults: {}, overrides: [] },
    transparent: false,
    width: 1600,
    height: 600,
    renderCounter: 0,
    replaceVariables: (text: string) => text,
    onOptionsChange: () => {},
    onFieldConfigChange: () => {},
    onChangeTimeRange: () => {},
    eventBus: new EventBusSrv(),
    ...more,
  } as PanelProps<PanelOptions>;
}
const show = (...args: Parameters<typeof propsOf>) => render(<KeyUsagePanel {...propsOf(...args)} />);
const rows = () => screen.getAllByRole('row').slice(1);
const names = () => screen.getAllByRole('rowheader').map((cell) => cell.querySelector('bdi')?.textContent);

const THREE = keyFrames([
  { id: 'good' },
  { id: 'bad', statuses: { 200: 50, 500: 50 } },
  { id: 'busy', statuses: { 200: 800, 429: 200 }, info: { environment: 'sandbox' } },
]);

describe('the overview', () => {
  test('lists every key with its state and reason, worst first', () => {
    show(THREE);
    expect(names()).toEqual(['Name of bad', 'Name of busy', 'Name of good']);
    expect(rows()[0]).toHaveTextContent(`Failing${keyOf(listOf(THREE), 'bad')?.health.reason}`);
  });

  test('counts keys per state, and a click shows only those', async () => {
    show(THREE);
    const group = screen.getByRole('group', { name: 'Keys by state' });
    await userEvent.click(within(group).getByRole('button', { name: '1 Throttled' }));
    expect(names()).toEqual(['Name of busy']);
    expect(within(group).getByRole('button', { name: '1 Throttled' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    await userEvent.click(within(group).getByRole('button', { name: '3 All' }));
    expect(names()).toHaveLength(3);
  });

  test('sorts by a column and says so to screen readers', async () => {
    show(THREE);
    await userEvent.click(screen.getByRole('button', { name: 'Requests/h' }));
    expect(names()[0]).toBe('Name of busy');
    expect(screen.getByRole('columnheader', { name: /Requests/ })).toHaveAttribute('aria-sort', 'descending');
    await userEvent.click(screen.getByRole('button', { name: /Requests/ }));
    expect(screen.getByRole('columnheader', { name: /Requests/ })).toHaveAttribute('aria-sort', 'ascending');
  });

  test('shows the filter boxes after the keys', async () => {
    show(THREE);
    expect(names()).toHaveLength(3);
    expect(screen.queryByRole('combobox', { name: 'Environment' })).not.toBeInTheDocument();
    await screen.findByRole('combobox', { name: 'Environment' }, { timeout: 20_000 });
  });

  test('a search without a match shows a message and a button for all keys', async () => {
    show(THREE);
    fireEvent.change(screen.getByRole('textbox', { name: 'Search keys' }), { target: { value: 'nothing' } });
    expect(screen.getByText(textOf('overview.no-match'))).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Show all keys' }));
    expect(names()).toHaveLength(3);
  });

  test('arrow keys move between keys, and one key is in the tab order', async () => {
    show(THREE);
    expect(rows().map((row) => row.tabIndex)).toEqual([0, -1, -1]);
    rows()[0]?.focus();
    await userEvent.keyboard('{ArrowDown}{End}{ArrowDown}');
    expect(rows()[2]).toHaveFocus();
    await userEvent.keyboard('{Home}');
    expect(rows()[0]).toHaveFocus();
  });

  test('the focus stays with its key when a refresh moves it', async () => {
    const { rerender } = show(THREE);
    rows()[2]?.focus();
    const failing = keyFrames([
      { id: 'good', statuses: { 200: 1, 500: 999 } },
      { id: 'bad', statuses: { 200: 50, 500: 50 } },
      { id: 'busy', statuses: { 200: 800, 429: 200 } },
    ]);
    rerender(<KeyUsagePanel {...propsOf(failing)} />);
    expect(names()[0]).toBe('Name of good');
    expect(rows()[0]).toHaveFocus();
    await userEvent.keyboard('{ArrowDown}');
    expect(rows()[1]).toHaveFocus();
  });

  test('draws only the visible rows of 2,000 keys and reports the total row count', () => {
    show(keyFrames(Array.from({ length: 2000 }, (_, i) => ({ id: `key_${i}` }))));
    expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '2001');
    expect(rows().length).toBeLessThan(40);
  });

  test('a key whose id equals its tenant causes no React warning', () => {
    const complaints = jest.spyOn(console, 'error').mockImplementation(() => {});
    show(keyFrames([{ id: 'acme', tenant: 'acme' }]));
    expect(rows()[0]).toHaveTextContent('acme / acme');
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
  });

  test('shows HTML in names as text', () => {
    const name = '<img src=x onerror=alert(1)>';
    show(keyFrames([{ id: 'k', info: { name, owner: '<b>o</b>' } }]));
    expect(screen.getByText(name)).toBeInTheDocument();
    expect(document.querySelector('img')).toBeNull();
  });
});

describe('notices', () => {
  test('without keys, a message says what to do', () => {
    show([]);
    expect(screen.getByText(textOf('panel.no-keys'))).toBeInTheDocument();
    expect(screen.getByText(textOf('panel.no-keys-more'))).toBeInTheDocument();
  });

  test('a missing query is named with the consequence', () => {
    const targets = ASKED.filter((role) => role !== 'lastWeek').map((refId) => ({ refId }));
    const data = panelData(THREE, { request: { targets } as never });
    show(THREE, { data });
    expect(screen.getByText(textOfRole('notice.missing', 'lastWeek'))).toBeInTheDocument();
  });

  test('missing key information is named', () => {
    const targets = ASKED.filter((role) => role !== 'info').map((refId) => ({ refId }));
    const frames = THREE.filter(({ refId }) => refId !== 'info');
    show(frames, { data: panelData(frames, { request: { targets } as never }) });
    expect(screen.getByText(textOfRole('notice.missing', 'info'))).toBeInTheDocument();
  });

  test('a failed query is named with its error, and the keys stay visible', () => {
    const request = propsOf(THREE).data.request as never;
    const data = panelData(THREE, { request, errors: [{ refId: 'status5m', message: 'timed out' }] });
    show(THREE, { data });
    expect(
      screen.getByText(textOfRole('notice.role-failed', 'status5m', { message: 'timed out' })),
    ).toBeInTheDocument();
    expect(names()).toHaveLength(3);
  });

  test('a blind exporter is reported above the keys', () => {
    show([...THREE.filter(({ refId }) => refId !== 'pipeline'), table('pipeline', [{ value: 2 }])]);
    expect(screen.getByText(textOf('notice.blind'))).toBeInTheDocument();
    expect(rows()[0]).toHaveTextContent('Pipeline blind');
  });

  test('a time range that ends in the future is reported, and nothing else', () => {
    const [from, to] = [NOW - 43_200, NOW + 43_199].map((at) => dateTime(at * 1000)) as [DateTime, DateTime];
    const data = panelData([series('volume', { tenant_id: 'acme', key_id: 'k' }, [1, 2])], {
      timeRange: { from, to, raw: { from: 'now/d', to: 'now/d' } },
      request: { startTime: NOW * 1000, targets: ASKED.map((refId) => ({ refId })) } as never,
    });
    show([], { data });
    expect(screen.getByText(textOf('notice.future'))).toBeInTheDocument();
    expect(screen.queryByText(/returned no data|had no samples|is blind/)).not.toBeInTheDocument();
    expect(rows()[0]).toHaveTextContent('Unknown');
  });

  test('a past evaluation time is shown, a present one is not', () => {
    const ended = (at: number) => {
      const [from, to] = [at - 3600, at].map((one) => dateTime(one * 1000)) as [DateTime, DateTime];
      return panelData(THREE, {
        timeRange: { from, to, raw: { from, to } },
        request: { startTime: NOW * 1000, targets: [] } as never,
      });
    };
    const { unmount } = show([], { data: ended(NOW - 7200) });
    expect(screen.getByRole('note')).toHaveTextContent(/As of 2026-05-04 10:00:00/);
    unmount();
    show([], { data: ended(NOW - 30) });
    expect(screen.queryByRole('note')).not.toBeInTheDocument();
  });

  test('a query without data for used keys is named', () => {
    show([...THREE, table('thresholds', [])]);
    expect(screen.getByText(textOfRole('notice.empty', 'thresholds'))).toBeInTheDocument();
  });

  test('queries without a role are named, with the option that assigns one', () => {
    const request = { targets: [{ refId: 'A' }, { refId: 'B' }, { refId: 'C', hide: true }] } as never;
    show([], { data: panelData([], { request }) });
    expect(screen.getByText(textOf('notice.unassigned', { refIds: 'A, B' }))).toBeInTheDocument();
  });

  const overview = (roles: PanelOptions['roles']) => ({ options: { ...OPTIONS, roles } });

  test('a query assigned to two roles is named, with the role that it lacks', () => {
    show(THREE, overview({ recentRate: 'A', lastWeek: 'A' }));
    expect(
      screen.getByText(
        textOfRole('notice.shared', 'lastWeek', {
          refId: 'A',
          having: ROLE_TEXTS.recentRate.title(),
        }),
      ),
    ).toBeInTheDocument();
    expect(
      screen.queryByText(textOfRole('notice.missing', 'lastWeek', { refId: 'A' })),
    ).not.toBeInTheDocument();
  });

  test('an assignment in the options wins over a refId that is the name of another role', () => {
    const frames = THREE.map((frame) => (frame.refId === 'info' ? { ...frame, refId: 'facts' } : frame));
    show(
      frames.filter((frame, i) => frame.refId !== 'facts' || THREE[i]?.refId === 'info'),
      overview({ info: 'facts' }),
    );
    expect(names()).toContain('Name of bad');
    expect(
      screen.getByText(textOfRole('notice.shared', 'facts', { having: ROLE_TEXTS.info.title() })),
    ).toBeInTheDocument();
  });

  test.each([
    ['status30m', 'status'],
    ['thresholds', 'kind'],
    ['facts', '__name__'],
    ['volume', 'key_id'],
  ] as const)('results of %s without the label %s are named', (role, label) => {
    const rest = THREE.filter(({ refId }) => refId !== role);
    const row: Record<string, string> = {
      tenant_id: 'acme',
      key_id: 'bad',
      status: '200',
      kind: 'x',
      __name__: 'y',
    };
    delete row[label];
    show([...rest, role === 'volume' ? series(role, row, [1, 2]) : table(role, [{ ...row, value: 1 }])]);
    expect(
      screen.getByText(textOfRole('notice.unreadable-one', role, { labels: label })),
    ).toBeInTheDocument();
  });

  test('an error in the older form of a data source is shown', () => {
    const request = propsOf(THREE).data.request as never;
    show(THREE, {
      data: panelData(THREE, { request, errors: [], error: { refId: 'status5m', message: 'timed out' } }),
    });
    expect(
      screen.getByText(textOfRole('notice.role-failed', 'status5m', { message: 'timed out' })),
    ).toBeInTheDocument();
  });

  test('complete results cause no notice', () => {
    const thresholds = [{ tenant_id: 'acme', key_id: 'good', kind: 'stale_seconds', value: 1 }];
    show([...THREE, table('thresholds', thresholds)]);
    expect(
      screen.queryByText(/is missing|failed|returned no data|no role|without the label/),
    ).not.toBeInTheDocument();
  });
});

describe('refreshing', () => {
  test.each([LoadingState.Loading, LoadingState.Error])('keeps the keys visible (%s)', (state) => {
    const { rerender } = show(THREE);
    rerender(<KeyUsagePanel {...propsOf([], { data: panelData([], { state }) })} />);
    expect(names()).toHaveLength(3);
  });

  test('does not show partial results as unused keys', () => {
    const half = panelData(THREE.slice(0, 1), { state: LoadingState.Loading });
    const { rerender } = show([], { data: half });
    expect(screen.getByText(textOf('panel.loading'))).toBeInTheDocument();
    rerender(<KeyUsagePanel {...propsOf(THREE)} />);
    rerender(<KeyUsagePanel {...propsOf([], { data: half })} />);
    expect(rows()[0]).toHaveTextContent('Failing');
  });

  test('keeps search, filters and order', async () => {
    const { rerender } = show(THREE);
    fireEvent.change(screen.getByRole('textbox', { name: 'Search keys' }), { target: { value: 'good' } });
    rerender(<KeyUsagePanel {...propsOf([...THREE])} />);
    expect(names()).toEqual(['Name of good']);
  });
});

describe('the card', () => {
  const options = { ...OPTIONS, view: 'key' as const };

  test('shows identity, state, and every check with its threshold and its origin', () => {
    const own = [{ tenant_id: 'acme', key_id: 'bad', kind: 'server_error_ratio', value: 0.1 }];
    show([...THREE, table('thresholds', own), table('overrides', own)], {
      options,
      replaceVariables: (text) => ({ $key: 'bad', $tenant: 'acme' })[text] ?? text,
    });
    expect(screen.getByRole('heading', { name: 'Name of bad' })).toBeInTheDocument();
    const check = screen.getByRole('rowheader', { name: /5xx responses/ }).closest('tr');
    expect(check).toHaveTextContent(`${RESULT_TITLES.breach}50 %more than 10 %this key`);
    expect(screen.getByRole('rowheader', { name: /429 responses/ }).closest('tr')).toHaveTextContent(
      'default',
    );
  });

  test('shows missing data as unknown, not as no requests', () => {
    const targets = ['info', 'status30m'].map((refId) => ({ refId }));
    const frames = THREE.filter(({ refId }) => ['info', 'status30m'].includes(refId ?? ''));
    show(frames, {
      options,
      data: panelData(frames, { request: { targets } as never }),
      replaceVariables: (text) => (text === '$key' ? 'bad' : text),
    });
    expect(screen.getByText(textOf('statuses.unknown'))).toBeInTheDocument();
    expect(screen.getByText(textOf('endpoints.unknown'))).toBeInTheDocument();
    expect(screen.queryByText(/over the limit/)).not.toBeInTheDocument();
  });

  test('says that a key is not in the keys file only if the query succeeded', () => {
    const targets = ASKED.filter((role) => role !== 'info').map((refId) => ({ refId }));
    const frames = THREE.filter(({ refId }) => refId !== 'info');
    const more = { options, replaceVariables: (text: string) => (text === '$key' ? 'bad' : text) };
    const { unmount } = show(frames, { ...more, data: panelData(frames, { request: { targets } as never }) });
    expect(screen.queryByText(textOf('identity.unregistered'))).not.toBeInTheDocument();
    unmount();
    show(frames, more);
    expect(screen.getByText(textOf('identity.unregistered'))).toBeInTheDocument();
  });

  test('shows a message if no query returned the chosen key', () => {
    show(THREE, { options, replaceVariables: (text) => (text === '$key' ? 'other' : text) });
    expect(screen.getByText(textOf('panel.no-such-key', { key: 'other' }))).toBeInTheDocument();
  });
});
