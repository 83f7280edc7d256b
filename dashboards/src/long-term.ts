import { KEYS_PAGE } from '../../exporter/src/api/endpoints.ts';
import { count } from '../../exporter/src/text/numbers.ts';
import {
  answerLines,
  answerTable,
  type Field,
  MOST_PAGES,
  number,
  recordFrame,
  TENANT,
  text,
  time,
  typed,
} from './api.ts';
import { row } from './panels.ts';

const RANGE = { from: '${__from:date:YYYY-MM-DD}', to: '${__to:date:YYYY-MM-DD}' };
const WHO = { key: '${key}', tenant: '${tenant}' };

const FIGURES: Field[] = [
  number('requests', 'Requests'),
  number('previous.change', 'vs period before', 'percentunit'),
  number('lastYear.requests', 'Last year'),
  number('lastYear.change', 'vs last year', 'percentunit'),
  number('errorRate', 'Errors', 'percentunit'),
  number('serverErrors', '5xx'),
  number('throttled', '429'),
  number('forbidden', '403'),
  number('peakPerMinute', 'Busiest minute'),
  number('details.uniqueIps.count', 'IPs'),
];

/** Years, from the daily aggregates, which are kept for ever. */
export const longTerm = recordFrame(
  'longTerm',
  'What keys did over months and years, from the daily aggregates that the exporter keeps for ever.',
  [typed('key', 'Key', 'An id; empty: all keys'), TENANT],
  'now-2y',
)
  .withRow(row('By month'))
  .withPanel(
    answerLines(
      {
        title: 'Requests by month',
        description:
          'Requests of each month of the shown time. The first and the last one may be cut. A month far off its neighbours is in the table below, with the year before.',
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
    answerTable(
      {
        title: 'Months against the year before',
        description:
          'Each month with its change against the month before and the same month of last year. Nothing in a column means that the record does not reach back so far.',
        unit: 'short',
        span: 24,
        height: 12,
      },
      {
        path: '/api/v1/usage',
        parameters: { ...WHO, ...RANGE, by: 'month', limit: '1000' },
        rows: 'rows',
        fields: [text('period', 'Month'), ...FIGURES],
      },
    ),
  )
  .withRow(row('By year'))
  .withPanel(
    answerTable(
      {
        title: 'Years',
        description:
          'Each year of the shown time with its change. The running year is compared with as many days of the one before. Choose a longer time to see more of them.',
        unit: 'short',
        span: 24,
        height: 6,
      },
      {
        path: '/api/v1/usage',
        parameters: { ...WHO, ...RANGE, by: 'year', limit: '1000' },
        rows: 'rows',
        fields: [text('period', 'Year'), ...FIGURES],
      },
    ),
  )
  .withRow(row('Keys'))
  .withPanel(
    answerTable(
      {
        title: 'Keys in the shown time',
        description: `Every key with what it did in the shown time, and when it was last used at all. A key with no requests over months is a candidate for revocation. Up to ${count(MOST_PAGES * KEYS_PAGE)} keys.`,
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
          number('usage.peakPerMinute', 'Busiest minute'),
        ],
      },
    ),
  );
