import { answerLines, answerTable, type Field, recordFrame, typed } from './api.ts';
import { row } from './panels.ts';

const RANGE = { from: '${__from:date:YYYY-MM-DD}', to: '${__to:date:YYYY-MM-DD}' };
const WHO = { key: '${key}', tenant: '${tenant}' };

const FIGURES: Field[] = [
  { selector: 'requests', text: 'Requests', type: 'number' },
  { selector: 'previous.change', text: 'vs period before', type: 'number', unit: 'percentunit' },
  { selector: 'lastYear.requests', text: 'Last year', type: 'number' },
  { selector: 'lastYear.change', text: 'vs last year', type: 'number', unit: 'percentunit' },
  { selector: 'errorRate', text: 'Errors', type: 'number', unit: 'percentunit' },
  { selector: 'serverErrors', text: '5xx', type: 'number' },
  { selector: 'throttled', text: '429', type: 'number' },
  { selector: 'forbidden', text: '403', type: 'number' },
  { selector: 'peakPerMinute', text: 'Busiest minute', type: 'number' },
  { selector: 'details.uniqueIps.count', text: 'IPs', type: 'number' },
];

/** Years, from the daily aggregates, which are kept for ever. */
export const longTerm = recordFrame(
  'longTerm',
  'What keys did over months and years, from the daily aggregates that the exporter keeps for ever.',
  [typed('key', 'Key', 'An id; empty: all keys'), typed('tenant', 'Tenant', 'An id; empty: all tenants')],
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
          { selector: 'from', text: 'Time', type: 'timestamp' },
          { selector: 'requests', text: 'Requests', type: 'number' },
          { selector: 'lastYear.requests', text: 'Last year', type: 'number' },
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
        fields: [{ selector: 'period', text: 'Month', type: 'string' }, ...FIGURES],
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
        fields: [{ selector: 'period', text: 'Year', type: 'string' }, ...FIGURES],
      },
    ),
  )
  .withRow(row('Keys'))
  .withPanel(
    answerTable(
      {
        title: 'Keys in the shown time',
        description:
          'Every key with what it did in the shown time, and when it was last used at all. A key with no requests over months is a candidate for revocation. 200 keys at most.',
        unit: 'short',
        span: 24,
        height: 12,
      },
      {
        path: '/api/v1/keys',
        parameters: { tenant: '${tenant}', ...RANGE, limit: '200' },
        rows: 'keys',
        fields: [
          { selector: 'tenant', text: 'Tenant', type: 'string' },
          { selector: 'id', text: 'Key', type: 'string' },
          { selector: 'name', text: 'Name', type: 'string' },
          { selector: 'owner', text: 'Owner', type: 'string' },
          { selector: 'tier', text: 'Tier', type: 'string' },
          { selector: 'lastUsed', text: 'Last used', type: 'timestamp' },
          { selector: 'usage.requests', text: 'Requests', type: 'number' },
          { selector: 'usage.errorRate', text: 'Errors', type: 'number', unit: 'percentunit' },
          { selector: 'usage.throttled', text: '429', type: 'number' },
          { selector: 'usage.peakPerMinute', text: 'Busiest minute', type: 'number' },
        ],
      },
    ),
  );
