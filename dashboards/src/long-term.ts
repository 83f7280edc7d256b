import { KEYS_PAGE } from '../../exporter/src/api/endpoints.ts';
import { count } from '../../exporter/src/text/numbers.ts';
import {
  apiTable,
  apiTimeSeries,
  coverageTable,
  type Field,
  MAX_PAGES,
  number,
  recordDashboard,
  TENANT,
  text,
  textVariable,
  time,
} from './api.ts';
import { row } from './panels.ts';

const RANGE = { from: '${__from:date:YYYY-MM-DD}', to: '${__to:date:YYYY-MM-DD}' };
const WHO = { key: '${key}', tenant: '${tenant}' };

const USAGE_FIELDS: Field[] = [
  number('requests', 'Requests'),
  number('previous.change', 'vs previous period', 'percentunit'),
  number('lastYear.requests', 'Last year'),
  number('lastYear.change', 'vs last year', 'percentunit'),
  number('errorRate', 'Errors', 'percentunit'),
  number('serverErrors', '5xx'),
  number('throttled', '429'),
  number('forbidden', '403'),
  number('peakPerMinute', 'Peak minute'),
  number('details.uniqueIps.count', 'IPs'),
];

/** Months and years, from daily aggregates, which are kept indefinitely. */
export const longTerm = recordDashboard(
  'longTerm',
  'Key usage over months and years, from daily aggregates that the exporter keeps indefinitely.',
  [textVariable('key', 'Key', 'Key id; empty = all keys'), TENANT],
  'now-2y',
)
  .withRow(row('By month'))
  .withPanel(coverageTable('/api/v1/keys', { limit: '1' }))
  .withPanel(
    apiTimeSeries(
      {
        title: 'Requests by month',
        description:
          'Requests per month in the shown time, and in the same month of the previous year. The first and last month may be incomplete. The table below has the details of each month.',
        unit: 'short',
        span: 24,
      },
      {
        path: '/api/v1/usage',
        parameters: { ...WHO, ...RANGE, by: 'month', limit: '1000' },
        rows: 'rows',
        fields: [
          time('from', 'Time'),
          number('requests', 'Requests'),
          number('lastYear.requests', 'Last year'),
        ],
      },
    ),
  )
  .withPanel(
    apiTable(
      {
        title: 'Months vs the previous year',
        description:
          'Each month with its change from the previous month and from the same month of the previous year. An empty cell means that the record does not reach back that far.',
        unit: 'short',
        span: 24,
        height: 12,
      },
      {
        path: '/api/v1/usage',
        parameters: { ...WHO, ...RANGE, by: 'month', limit: '1000' },
        rows: 'rows',
        fields: [text('period', 'Month'), ...USAGE_FIELDS],
      },
    ),
  )
  .withRow(row('By year'))
  .withPanel(
    apiTable(
      {
        title: 'Years',
        description:
          'Each year in the shown time with its change. The current year is compared with the same number of days of the previous year. Choose a longer time range to see more years.',
        unit: 'short',
        span: 24,
        height: 6,
      },
      {
        path: '/api/v1/usage',
        parameters: { ...WHO, ...RANGE, by: 'year', limit: '1000' },
        rows: 'rows',
        fields: [text('period', 'Year'), ...USAGE_FIELDS],
      },
    ),
  )
  .withRow(row('Keys'))
  .withPanel(
    apiTable(
      {
        title: 'Keys in the shown time',
        description: `Every key with its usage in the shown time, and the time it was last used. If the coverage is complete, a key without requests for months is a candidate for revocation. Shows up to ${count(MAX_PAGES * KEYS_PAGE)} keys.`,
        unit: 'short',
        span: 24,
        height: 12,
      },
      {
        path: '/api/v1/keys',
        parameters: { tenant: '${tenant}', ...RANGE },
        pageOf: KEYS_PAGE,
        rows: 'keys',
        fields: [
          text('tenant', 'Tenant'),
          text('id', 'Key'),
          text('name', 'Name'),
          text('owner', 'Owner'),
          text('tier', 'Tier'),
          time('lastUsed', 'Last used'),
          number('usage.requests', 'Requests'),
          number('usage.errorRate', 'Errors', 'percentunit'),
          number('usage.throttled', '429'),
          number('usage.peakPerMinute', 'Peak minute'),
        ],
      },
    ),
  );
