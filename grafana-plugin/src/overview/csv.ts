import { STATES } from '../../../exporter/src/health/states.ts';
import { csvLine } from '../../../exporter/src/text/csv.ts';
import type { ListedKey } from '../keys/key-list.ts';

/** Columns of the copied CSV. Numbers are unformatted, times are ISO 8601, shares are ratios, unknown is empty. */
const COLUMNS: [title: string, value: (key: ListedKey) => string | number][] = [
  ['tenant_id', ({ tenant }) => tenant],
  ['key_id', ({ id }) => id],
  ['name', ({ title }) => title],
  ['environment', ({ environment }) => environment],
  ['tier', ({ tier }) => tier],
  ['owner', ({ owner }) => owner],
  ['state', ({ health }) => STATES[health.state].title],
  ['reason', ({ health }) => health.reason],
  ['last_used', ({ lastUsed }) => (lastUsed > 0 ? isoTime(lastUsed) : lastUsed === 0 ? 'none recorded' : '')],
  ['requests_1h', ({ requests }) => requests],
  ['change_vs_last_week', ({ change }) => change],
  ['anomaly', ({ anomaly }) => anomaly ?? ''],
  ['success_1h', ({ hour }) => hour.success],
  ['redirect_1h', ({ hour }) => hour.redirect],
  ['unauthorized_1h', ({ hour }) => hour.unauthorized],
  ['forbidden_1h', ({ hour }) => hour.forbidden],
  ['throttled_1h', ({ hour }) => hour.throttled],
  ['other_4xx_1h', ({ hour }) => hour.other4xx],
  ['server_errors_1h', ({ hour }) => hour.serverErrors],
  ['no_response_1h', ({ hour }) => hour.noResponse ?? 0],
  ['throttled_share_30m', ({ throttledShare }) => throttledShare],
  ['forbidden_30m', ({ forbidden }) => forbidden],
  ['server_error_share_30m', ({ serverErrorShare }) => serverErrorShare],
  ['unique_ips_24h', ({ uniqueIps }) => uniqueIps],
];

/** The keys as CSV. Cells that a spreadsheet would run as a formula are escaped. */
export const csvOf = (keys: readonly ListedKey[]): string =>
  [COLUMNS.map(([title]) => title), ...keys.map((key) => COLUMNS.map(([, value]) => csvValue(value(key))))]
    .map(csvLine)
    .join('');

/** Rounds numbers to four decimals. Unknown values become empty cells. */
function csvValue(value: string | number): string | number | null {
  if (typeof value === 'string') return value;
  return Number.isFinite(value) ? Number(value.toFixed(4)) : null;
}

const isoTime = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
};
