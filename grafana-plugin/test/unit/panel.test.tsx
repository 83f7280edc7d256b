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
import { KeyUsagePanel } from '../../src/components/KeyUsagePanel/KeyUsagePanel.tsx';
import type { PanelOptions } from '../../src/options/options.ts';
import { COLUMN_NAMES } from '../../src/overview/columns.ts';
import { ROLE_NAMES } from '../../src/roles/roles.ts';
import { keyFrames, NOW, panelData, series, table } from './frames.ts';

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

/** The query that chooses keys would leave none where it answers nothing. */
const ASKED = ROLE_NAMES.filter((role) => role !== 'keys');

/** Properties as Grafana gives them: every query asked, whatever it answered. */
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
  test('lists every key with its state and the reason in words, worst first', () => {
    show(THREE);
    expect(names()).toEqual(['Name of bad', 'Name of busy', 'Name of good']);
    expect(rows()[0]).toHaveTextContent(/Failing50 % of 100 requests in the last 30 min were answered 5xx/);
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

  test('the boxes of the filters come once the keys are shown', async () => {
    show(THREE);
    expect(names()).toHaveLength(3);
    expect(screen.queryByRole('combobox', { name: 'Environment' })).not.toBeInTheDocument();
    await screen.findByRole('combobox', { name: 'Environment' }, { timeout: 20_000 });
  });

  test('search without a match says so and offers all keys again', async () => {
    show(THREE);
    fireEvent.change(screen.getByRole('textbox', { name: 'Search keys' }), { target: { value: 'nothing' } });
    expect(screen.getByText('No key fits the search and the filters.')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Show all keys' }));
    expect(names()).toHaveLength(3);
  });

  test('arrow keys move between keys, one of which is in the tab order', async () => {
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

  test('draws only the rows in sight of 2,000, but counts them all', () => {
    show(keyFrames(Array.from({ length: 2000 }, (_, i) => ({ id: `key_${i}` }))));
    expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '2001');
    expect(rows().length).toBeLessThan(40);
  });

  test('a key whose id is that of its tenant is drawn without a complaint of React', () => {
    const complaints = jest.spyOn(console, 'error').mockImplementation(() => {});
    show(keyFrames([{ id: 'acme', tenant: 'acme' }]));
    expect(rows()[0]).toHaveTextContent('acme / acme');
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
  });

  test('hostile names are text', () => {
    const name = '<img src=x onerror=alert(1)>';
    show(keyFrames([{ id: 'k', info: { name, owner: '<b>o</b>' } }]));
    expect(screen.getByText(name)).toBeInTheDocument();
    expect(document.querySelector('img')).toBeNull();
  });
});

describe('what is missing', () => {
  test('without any key it is said in a plain sentence, with what to do', () => {
    show([]);
    expect(screen.getByText('There is no key to show.')).toBeInTheDocument();
    expect(screen.getByText(/Check that the data source scrapes the exporter/)).toBeInTheDocument();
  });

  test('a query that is not there is named, with what cannot be told without it', () => {
    const targets = ASKED.filter((role) => role !== 'lastWeek').map((refId) => ({ refId }));
    const data = panelData(THREE, { request: { targets } as never });
    show(THREE, { data });
    expect(
      screen.getByText(/There is no query lastWeek .*: the change against last week is not known/),
    ).toBeInTheDocument();
  });

  test('without key information it is said that nobody counts as revoked, real-time or rotating', () => {
    const targets = ASKED.filter((role) => role !== 'info').map((refId) => ({ refId }));
    const frames = THREE.filter(({ refId }) => refId !== 'info');
    show(frames, { data: panelData(frames, { request: { targets } as never }) });
    expect(screen.getByText(/nor which keys are revoked, real-time or rotating/)).toBeInTheDocument();
  });

  test('a failed query is named with its error, and the keys stay', () => {
    const request = propsOf(THREE).data.request as never;
    const data = panelData(THREE, { request, errors: [{ refId: 'status5m', message: 'timed out' }] });
    show(THREE, { data });
    expect(
      screen.getByText(/The query status5m .* failed, so whether errors still last is not known: timed out/),
    ).toBeInTheDocument();
    expect(names()).toHaveLength(3);
  });

  test('a blind exporter is said above everything else', () => {
    show([...THREE.filter(({ refId }) => refId !== 'pipeline'), table('pipeline', [{ value: 2 }])]);
    expect(screen.getByText(/An exporter is blind/)).toBeInTheDocument();
    expect(rows()[0]).toHaveTextContent('Pipeline blind');
  });

  test('a shown time that ends in the future is said to, and nothing else is missing', () => {
    const [from, to] = [NOW - 43_200, NOW + 43_199].map((at) => dateTime(at * 1000)) as [DateTime, DateTime];
    const data = panelData([series('volume', { tenant_id: 'acme', key_id: 'k' }, [1, 2])], {
      timeRange: { from, to, raw: { from: 'now/d', to: 'now/d' } },
      request: { startTime: NOW * 1000, targets: ASKED.map((refId) => ({ refId })) } as never,
    });
    show([], { data });
    expect(screen.getByText(/ends in the future, .* Choose a time that ends now/)).toBeInTheDocument();
    expect(screen.queryByText(/answered nothing|no current samples|is blind/)).not.toBeInTheDocument();
    expect(rows()[0]).toHaveTextContent('Unknown');
  });

  test('a past time is said, and a present one is not', () => {
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

  test('a query that answered nothing about used keys is named', () => {
    show([...THREE, table('thresholds', [])]);
    expect(
      screen.getByText(/The query thresholds .* answered nothing: built-in defaults stand in/),
    ).toBeInTheDocument();
  });

  test('queries that are for nothing yet are named, with where to say what they are for', () => {
    const request = { targets: [{ refId: 'A' }, { refId: 'B' }, { refId: 'C', hide: true }] } as never;
    show([], { data: panelData([], { request }) });
    expect(screen.getByText(/The queries A, B have no role here: name what each is for/)).toBeInTheDocument();
  });

  const overview = (roles: PanelOptions['roles']) => ({ options: { ...OPTIONS, roles } });

  test('a query that is named for two roles is, with the one that goes without', () => {
    show(THREE, overview({ recentRate: 'A', lastWeek: 'A' }));
    expect(
      screen.getByText(
        /The query A is taken for "Rate of the last hour" and cannot be for "Rate a week ago" as well, so the change against last week is not known/,
      ),
    ).toBeInTheDocument();
    expect(screen.queryByText(/There is no query A \(Rate a week ago\)/)).not.toBeInTheDocument();
  });

  test('a query that the options name is for that role, although its refId is the name of another', () => {
    const frames = THREE.map((frame) => (frame.refId === 'info' ? { ...frame, refId: 'facts' } : frame));
    show(
      frames.filter((frame, i) => frame.refId !== 'facts' || THREE[i]?.refId === 'info'),
      overview({ info: 'facts' }),
    );
    expect(names()).toContain('Name of bad');
    expect(
      screen.getByText(/The query facts is taken for "Key information" and cannot be for "Key facts"/),
    ).toBeInTheDocument();
  });

  test.each([
    ['status30m', 'status', 'how requests were answered is not known'],
    ['thresholds', 'kind', 'built-in defaults stand in'],
    ['facts', '__name__', 'when keys were last used'],
    ['volume', 'key_id', 'there are no sparklines'],
  ])('answers of %s without the label %s are named', (role, label, without) => {
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
      screen.getByText(
        new RegExp(`The query ${role} .* has answers without the label ${label}, so ${without}`),
      ),
    ).toBeInTheDocument();
  });

  test('an error that a data source tells in the older form is told', () => {
    const request = propsOf(THREE).data.request as never;
    show(THREE, {
      data: panelData(THREE, { request, errors: [], error: { refId: 'status5m', message: 'timed out' } }),
    });
    expect(screen.getByText(/The query status5m .* failed, .*: timed out/)).toBeInTheDocument();
  });

  test('a complete answer has nothing to complain about', () => {
    const thresholds = [{ tenant_id: 'acme', key_id: 'good', kind: 'stale_seconds', value: 1 }];
    show([...THREE, table('thresholds', thresholds)]);
    expect(
      screen.queryByText(/There is no query|failed|answered nothing|no role|without the label/),
    ).not.toBeInTheDocument();
  });
});

describe('refreshing', () => {
  test.each([LoadingState.Loading, LoadingState.Error])('never blanks the panel (%s)', (state) => {
    const { rerender } = show(THREE);
    rerender(<KeyUsagePanel {...propsOf([], { data: panelData([], { state }) })} />);
    expect(names()).toHaveLength(3);
  });

  test('does not take half of an answer for keys that are not used', () => {
    const half = panelData(THREE.slice(0, 1), { state: LoadingState.Loading });
    const { rerender } = show([], { data: half });
    expect(screen.getByText('Asking for keys …')).toBeInTheDocument();
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

  test('shows identity, state, every check with its threshold and where that comes from', () => {
    const own = [{ tenant_id: 'acme', key_id: 'bad', kind: 'server_error_ratio', value: 0.1 }];
    show([...THREE, table('thresholds', own), table('overrides', own)], {
      options,
      replaceVariables: (text) => ({ $key: 'bad', $tenant: 'acme' })[text] ?? text,
    });
    expect(screen.getByRole('heading', { name: 'Name of bad' })).toBeInTheDocument();
    const check = screen.getByRole('rowheader', { name: /5xx answers/ }).closest('tr');
    expect(check).toHaveTextContent(/Breached50 %more than 10 %this key/);
    expect(screen.getByRole('rowheader', { name: /429 answers/ }).closest('tr')).toHaveTextContent('default');
  });

  test('says what is not known, rather than that nothing happened', () => {
    const targets = ['info', 'status30m'].map((refId) => ({ refId }));
    const frames = THREE.filter(({ refId }) => ['info', 'status30m'].includes(refId ?? ''));
    show(frames, {
      options,
      data: panelData(frames, { request: { targets } as never }),
      replaceVariables: (text) => (text === '$key' ? 'bad' : text),
    });
    expect(screen.getByText('How requests were answered is not known.')).toBeInTheDocument();
    expect(screen.getByText('Which endpoints were called is not known.')).toBeInTheDocument();
    expect(screen.queryByText(/over the limit/)).not.toBeInTheDocument();
  });

  test('does not say of the keys file what it was not told', () => {
    const targets = ASKED.filter((role) => role !== 'info').map((refId) => ({ refId }));
    const frames = THREE.filter(({ refId }) => refId !== 'info');
    const more = { options, replaceVariables: (text: string) => (text === '$key' ? 'bad' : text) };
    const { unmount } = show(frames, { ...more, data: panelData(frames, { request: { targets } as never }) });
    expect(screen.queryByText('not in it')).not.toBeInTheDocument();
    unmount();
    show(frames, more);
    expect(screen.getByText('not in it')).toBeInTheDocument();
  });

  test('says so when no query answered about the chosen key', () => {
    show(THREE, { options, replaceVariables: (text) => (text === '$key' ? 'other' : text) });
    expect(screen.getByText('No query answered about the key other.')).toBeInTheDocument();
  });
});
