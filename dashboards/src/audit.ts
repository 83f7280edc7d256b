import { answerTable, recordFrame, typed } from './api.ts';
import { row } from './panels.ts';

/** Single requests out of the archive. */
export const audit = recordFrame(
  'audit',
  'Single requests out of the archive, by key, address, status and endpoint. The exporter must keep one (record.archive).',
  [
    typed('key', 'Key', 'An id; empty: any'),
    typed('tenant', 'Tenant', 'An id; empty: any'),
    typed('ip', 'IP', 'An address or a network, 203.0.113.0/24; empty: any'),
    typed('status', 'Status', '403, or 4xx, or both with a comma; empty: any'),
    typed('endpoint', 'Endpoint', 'As in the metrics, * for anything; empty: any'),
  ],
  'now-24h',
)
  .withRow(row('Requests'))
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
          { selector: 'time', text: 'Time', type: 'timestamp' },
          { selector: 'tenant_id', text: 'Tenant', type: 'string' },
          { selector: 'key_id', text: 'Key', type: 'string' },
          { selector: 'status', text: 'Status', type: 'number' },
          { selector: 'method', text: 'Method', type: 'string' },
          { selector: 'endpoint', text: 'Endpoint', type: 'string' },
          { selector: 'ip', text: 'IP', type: 'string' },
          { selector: 'duration_ms', text: 'Duration', type: 'number', unit: 'ms' },
          { selector: 'user_agent', text: 'User agent', type: 'string' },
          { selector: 'request_id', text: 'Request', type: 'string' },
        ],
      },
    ),
  );
