import { answerTable, coverageTable, number, recordFrame, TENANT, text, time, typed } from './api.ts';
import { row } from './panels.ts';

/** Single requests out of the archive. */
export const audit = recordFrame(
  'audit',
  'Single requests out of the archive, by key, address, status and endpoint. The exporter must keep one (record.archive).',
  [
    typed('key', 'Key', 'An id; empty: any'),
    TENANT,
    typed('ip', 'IP', 'An address or a network, 203.0.113.0/24; empty: any'),
    typed('status', 'Status', '403, or 4xx, or both with a comma; empty: any'),
    typed('endpoint', 'Endpoint', 'As in the metrics, * for anything; empty: any'),
  ],
  'now-24h',
)
  .withRow(row('Requests'))
  .withPanel(coverageTable('/api/v1/requests', { limit: '1' }))
  .withPanel(
    answerTable(
      {
        title: 'Requests of the shown time',
        description:
          'The first 1,000 requests that fit, of the shown time. Narrow the time or the fields to see others; `atender-exporter audit search` writes all of them, also as CSV and Parquet.',
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
