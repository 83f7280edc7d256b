import { answerTable, coverageTable, number, recordFrame, TENANT, text, time, typed } from './api.ts';
import { row } from './panels.ts';

/** Search for single requests in the archive. */
export const audit = recordFrame(
  'audit',
  'Search the archive for single requests by key, IP address, status and endpoint. Requires record.archive.',
  [
    typed('key', 'Key', 'Key id; empty = any'),
    TENANT,
    typed('ip', 'IP', 'IP address, or network such as 203.0.113.0/24; empty = any'),
    typed('status', 'Status', '403, 4xx, or several separated by commas; empty = any'),
    typed('endpoint', 'Endpoint', 'Endpoint as in the metrics, with * as wildcard; empty = any'),
  ],
  'now-24h',
)
  .withRow(row('Requests'))
  .withPanel(coverageTable('/api/v1/requests', { limit: '1' }))
  .withPanel(
    answerTable(
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
