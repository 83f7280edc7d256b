import { apiTable, coverageTable, number, recordDashboard, TENANT, text, textVariable, time } from './api.ts';
import { row } from './panels.ts';

/** Search for single requests in the archive. */
export const audit = recordDashboard(
  'audit',
  'Search the archive for single requests by key, IP address, status and endpoint. Requires record.archive.',
  [
    textVariable('key', 'Key', 'Key id; empty = any'),
    TENANT,
    textVariable('ip', 'IP', 'IP address, or network such as 203.0.113.0/24; empty = any'),
    textVariable('status', 'Status', '403, 4xx, or several separated by commas; empty = any'),
    textVariable('endpoint', 'Endpoint', 'Endpoint as in the metrics, with * as wildcard; empty = any'),
  ],
  'now-24h',
)
  .withRow(row('Requests'))
  .withPanel(coverageTable('/api/v1/requests', { limit: '1' }))
  .withPanel(
    apiTable(
      {
        title: 'Requests in the shown time',
        description:
          'The first 1,000 matching requests in the shown time. Narrow the time range or the fields to see others. `atender-exporter audit search` exports all of them, also as CSV or Parquet.',
        unit: 'short',
        span: 24,
        height: 22,
      },
      {
        path: '/api/v1/requests',
        parameters: {
          key: '${key}',
          tenant: '${tenant}',
          ip: '${ip}',
          status: '${status}',
          endpoint: '${endpoint}',
          from: '${__from:date:iso}',
          to: '${__to:date:iso}',
          limit: '1000',
        },
        rows: 'requests',
        fields: [
          time('time', 'Time'),
          text('tenant_id', 'Tenant'),
          text('key_id', 'Key'),
          number('status', 'Status'),
          text('method', 'Method'),
          text('endpoint', 'Endpoint'),
          text('ip', 'IP'),
          number('duration_ms', 'Duration', 'ms'),
          text('user_agent', 'User agent'),
          text('request_id', 'Request'),
        ],
      },
    ),
  );
