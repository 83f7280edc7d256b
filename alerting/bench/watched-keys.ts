import { backfill, type PastSeries } from '../test/past.ts';

const TENANTS = 20;
const STATUSES = [200, 201, 401, 403, 404, 422, 429, 500];
const ENDPOINTS = 10;
const STEP = 15;
const HOUR = 3600;
const DAY = 86_400;
const WEEK = 7 * DAY;

const now = Math.floor(Date.now() / 1000 / STEP) * STEP;

/** Stores as blocks what the rules read of the past. `target` = labels that a scrape adds. */
export function storePast(data: string, keys: number[], target: Record<string, string>): void {
  const series: PastSeries[] = [];
  for (const key of keys)
    for (const status of STATUSES) {
      const labels = {
        ...target,
        ...idOf(key),
        status: String(status),
        status_class: `${String(status)[0]}xx`,
      };
      series.push({ name: 'atender_requests_total', labels, at: (second) => counted(key, status, second) });
    }
  backfill(data, series, { from: now - 50 * 60, to: now - STEP, step: 60 });
  const rates = (value: number, window = '5m') =>
    keys.map(
      (key): PastSeries => ({
        name: `tenant_key:atender_requests:rate${window}`,
        labels: idOf(key),
        at: () => value,
      }),
    );
  for (const week of [1, 2, 3])
    backfill(data, rates(1 + week / 10), {
      ...{ from: now - week * WEEK - HOUR, to: now - week * WEEK + HOUR, step: 60 },
    });
  backfill(data, rates(1), { from: now - DAY - HOUR, to: now - 60, step: 60 });
  backfill(data, rates(1, '15m'), { from: now - DAY - HOUR, to: now - 60, step: 900 });
  const revoked = keys.filter(isRevoked).map((key) => ({
    ...{ name: 'atender_key_info', labels: { ...target, ...idOf(key), ...infoOf(key) }, at: () => 1 },
  }));
  backfill(data, revoked, { from: now - DAY, to: now - 60, step: 60 });
}

/** What such an exporter exposes at a time. */
export function exposition(keys: number[], at: number): string {
  const lines: string[] = ['atender_exporter_ready 1', 'atender_exporter_commit_failing 0'];
  const source = '{source="default"}';
  lines.push(
    `atender_exporter_behind_seconds${source} 0`,
    `atender_exporter_last_look_timestamp_seconds${source} ${at}`,
    `atender_exporter_last_event_timestamp_seconds${source} ${at}`,
  );
  for (const key of keys) {
    const id = labelsText(idOf(key));
    const add = (name: string, labels: string, value: number) =>
      lines.push(`${name}{${id}${labels === '' ? '' : `,${labels}`}} ${value}`);
    for (const status of STATUSES) {
      const labels = `status="${status}",status_class="${String(status)[0]}xx"`;
      add('atender_requests_total', labels, counted(key, status, at));
      if (status === 200 || status === 404)
        for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++)
          add(
            'atender_endpoint_requests_total',
            `method="GET",endpoint="/v1/things/${endpoint}",${labels}`,
            Math.floor(counted(key, status, at) / ENDPOINTS),
          );
    }
    add('atender_key_last_used_timestamp_seconds', '', at);
    add('atender_key_created_timestamp_seconds', '', now - 90 * 86_400);
    add('atender_key_requests_today', '', 1000);
    add('atender_key_peak_requests_per_minute', '', 60);
    add('atender_key_rate_limit', 'window="minute"', 600);
    add('atender_key_rate_limit', 'window="day"', 100_000);
    add('atender_key_rate_limit_burst', '', 100);
    add('atender_key_info', labelsText(infoOf(key)), 1);
    add('atender_key_last_rejected_timestamp_seconds', '', now - HOUR);
    add('atender_key_max_gap_seconds', '', 3000);
    add('atender_key_rotated_timestamp_seconds', '', now - 30 * DAY);
    add('atender_key_rotate_every_seconds', '', 90 * DAY);
    const isNew = key % 20 === 0;
    add('atender_key_last_new_ip_timestamp_seconds', '', isNew ? at - 60 : now - DAY);
    add('atender_key_last_new_surface_timestamp_seconds', 'surface="tags"', isNew ? at - 60 : now - DAY);
    if (isNew) add('atender_key_recent_new_ip_info', 'ip="203.0.113.0/24"', 1);
    if (key % 10 === 0) add('atender_key_threshold', 'kind="silence_seconds"', 3600);
  }
  return `${lines.join('\n')}\n`;
}

function labelsText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join();
}

/** Value of a counter at a time: each key has its own rate, and too few errors for an alert. */
function counted(key: number, status: number, at: number): number {
  return Math.floor(((at - now + HOUR) * (status < 300 ? 2 : 0.0005) * (1 + (key % 7))) / 7);
}

function idOf(key: number) {
  return { tenant_id: `tenant_${key % TENANTS}`, key_id: `key_${key}` };
}

function isRevoked(key: number): boolean {
  return key % 50 === 7;
}

function infoOf(key: number) {
  return {
    ...{ name: `Key ${key}`, environment: key % 5 === 0 ? 'sandbox' : 'production' },
    ...{ tier: ['starter', 'professional', 'enterprise'][key % 3]!, owner: 'team', realtime: 'true' },
    state: isRevoked(key) ? 'revoked' : 'active',
    // Of the same tenant.
    replaces: key % 50 === 41 ? `key_${key - TENANTS}` : '',
  };
}
