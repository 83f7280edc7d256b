import { type DataFrame, EventBusSrv, LoadingState, type PanelData, type PanelProps } from '@grafana/data';
import { render } from '@testing-library/react';
import i18next from 'i18next';
import React from 'react';
import { STATES } from '../../../exporter/src/health/states.ts';
import { STATUS_MEANINGS } from '../../../exporter/src/health/statuses.ts';
import { RESULT_TITLES, thresholdText, valueText } from '../../../exporter/src/health/wording.ts';
import { KeyUsagePanel } from '../../src/components/KeyUsagePanel/KeyUsagePanel.tsx';
import type { PanelOptions } from '../../src/options/options.ts';
import { suggestionsFor } from '../../src/options/suggestions.ts';
import { COLUMN_NAMES } from '../../src/overview/columns.ts';
import { usageLink } from '../../src/overview/field-config.ts';
import { ROLE_NAMES } from '../../src/roles/roles.ts';
import { keyFrames, listOf, NOW, panelData, type Row, series, table } from './frames.ts';

beforeAll(async () => {
  // Marks translated texts, as the pseudo-locale of Grafana does.
  i18next.use({ type: 'postProcessor', name: 'marked', process: (text: string) => `⟦${text}⟧` });
  await i18next.init({ lng: 'en-US', resources: {}, postProcess: ['marked'] });
});

const SHOWN = ['title', 'aria-label', 'placeholder', 'alt'] as const;
const MARKED = /⟦[^⟦⟧]*(⟦[^⟦⟧]*⟧[^⟦⟧]*)*⟧/g;

/** Texts and attributes on the page that were not translated. */
function unmarked(): string[] {
  const texts: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode.textContent ?? '');
  for (const element of document.body.querySelectorAll('*'))
    for (const name of SHOWN) texts.push(element.getAttribute(name) ?? '');
  return texts.map((text) => text.replace(MARKED, '').trim()).filter((text) => /\p{L}{2}/u.test(text));
}

/** Texts of the data, and texts shared with page, API and alerts, which are always English. */
function ofOthers(frames: DataFrame[], more: Partial<PanelData>): Set<string> {
  const { keys } = listOf(frames, more);
  return new Set([
    ...frames
      .flatMap(({ fields }) =>
        fields.flatMap(({ values, labels }) => [...values, ...Object.values(labels ?? {})]),
      )
      .map(String),
    ...Object.values(RESULT_TITLES),
    ...Object.values(STATES).flatMap(({ title, meaning, remedy }) => [title, meaning, remedy]),
    ...STATUS_MEANINGS.flatMap(({ title, meaning, remedy }) => [title, meaning, remedy]),
    ...keys.flatMap(({ health, tenant, id }) => [
      `${tenant} / ${id}`,
      health.reason,
      ...health.checks.flatMap(({ label, alert, explanation, kind, threshold, value, unit }) => [
        ...[label, alert, explanation, thresholdText(kind, threshold), valueText(value, unit)],
      ]),
    ]),
  ]);
}

const FACTS: Row[] = [
  { __name__: 'atender_key_last_used_timestamp_seconds', value: NOW - 60 },
  { __name__: 'atender_key_created_timestamp_seconds', value: NOW - 86_400 },
  { __name__: 'atender_key_unique_ips', window: '24h', value: 3 },
  { __name__: 'atender_key_rate_limit', window: 'minute', value: 350 },
  { __name__: 'atender_key_scope_info', scope: 'contacts:read', value: 1 },
];
const FRAMES = [
  ...keyFrames([
    { id: 'old', statuses: { 200: 50, 500: 50 } },
    { id: 'new', info: { replaces: 'old', environment: 'sandbox', owner: 'others' } },
  ]),
  table(
    'facts',
    ['old', 'new'].flatMap((key_id) => FACTS.map((fact) => ({ tenant_id: 'acme', key_id, ...fact }))),
  ),
  table('endpoints', [
    { tenant_id: 'acme', key_id: 'old', method: 'GET', endpoint: '/v1/tags', status: '200', value: 9 },
  ]),
  table('stragglers', [{ tenant_id: 'acme', key_id: 'old', method: 'GET', endpoint: '/v1/tags', value: 9 }]),
  table('addresses', [{ tenant_id: 'acme', key_id: 'old', ip: '192.0.2.0/24', value: 1 }]),
  series('volume', { tenant_id: 'acme', key_id: 'old' }, [1, 2, 3]),
  series('volume', { tenant_id: 'acme', key_id: 'new' }, [1, 2, 3]),
  series('volume', { tenant_id: 'acme', key_id: 'gone' }, [1, 2, Number.NaN]),
];
const ASKED = ROLE_NAMES.filter((role) => role !== 'keys');
const request = (refIds: string[]) => ({ targets: refIds.map((refId) => ({ refId })) }) as never;

test.each<[string, PanelOptions['view'], DataFrame[], Partial<PanelData>]>([
  ['the overview', 'overview', FRAMES, { request: request(ASKED) }],
  ['the card', 'key', FRAMES, { request: request(ASKED) }],
  ['an overview without queries that have a role', 'overview', FRAMES, { request: request(['A', 'B']) }],
  [
    'a card of which every query failed',
    'key',
    FRAMES,
    { errors: ASKED.map((refId) => ({ refId, message: '!' })) },
  ],
  ['nothing', 'overview', [], { request: request([]) }],
  ['nothing yet', 'overview', [], { state: LoadingState.Loading }],
])('%s has no untranslated text', (_, view, frames, more) => {
  const data = panelData(frames, more);
  const options: PanelOptions = {
    ...{ view, columns: [...COLUMN_NAMES], sortBy: 'state', showCounts: true, showFilters: true },
    ...{ key: 'old', tenant: 'acme', roles: {} },
  };
  const props = {
    ...{
      id: 1,
      title: '',
      data,
      timeRange: data.timeRange,
      timeZone: 'utc',
      options,
      width: 1600,
      height: 900,
    },
    ...{ fieldConfig: { defaults: {}, overrides: [] }, replaceVariables: (text: string) => text },
    eventBus: new EventBusSrv(),
  } as unknown as PanelProps<PanelOptions>;
  render(<KeyUsagePanel {...props} />);
  expect(document.body).toHaveTextContent('⟦');
  const others = ofOthers(frames, more);
  const own = unmarked().filter((text) => !others.has(text) && !/^(\dxx|\d{3}) [\d.]+ %/.test(text));
  expect([...new Set(own)]).toEqual([]);
});

test('suggestions and the link to the usage dashboard are translated', () => {
  const rawFrames = [{ refId: 'info', fields: [{ name: 'key_id' }] }];
  const names = [...suggestionsFor({ rawFrames }).map(({ name }) => name), usageLink().title];
  for (const name of names) expect(name).toMatch(/^⟦.*⟧$/);
});
