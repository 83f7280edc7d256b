import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';
import { STATES } from '../../../exporter/src/health/states.ts';
import type { ListedKey } from '../keys/key-list.ts';

/**
 * Returns the keys as a frame with one row per key, so that units, mappings, thresholds and data links apply. A link can
 * refer to any field as `${__data.fields.key_id}`.
 */
export function keysFrame(keys: readonly ListedKey[]): DataFrame {
  const text = (name: string, of: (key: ListedKey) => string) => ({
    name,
    type: FieldType.string,
    values: keys.map(of),
  });
  const figure = (name: string, unit: string, of: (key: ListedKey) => number, decimals?: number) => ({
    name,
    type: FieldType.number,
    config: decimals === undefined ? { unit } : { unit, decimals },
    values: keys.map(of),
  });
  return toDataFrame({
    name: 'keys',
    fields: [
      text('key_id', ({ id }) => id),
      text('tenant_id', ({ tenant }) => tenant),
      text('name', ({ title }) => title),
      text('environment', ({ environment }) => environment),
      text('tier', ({ tier }) => tier),
      text('owner', ({ owner }) => owner),
      text('state', ({ health }) => STATES[health.state].title),
      text('reason', ({ health }) => health.reason),
      figure('requests', 'short', ({ requests }) => Math.round(requests)),
      figure('change', 'percentunit', ({ change }) => change, 0),
      figure('throttled', 'percentunit', ({ throttledShare }) => throttledShare),
      figure('forbidden', 'short', ({ forbidden }) => Math.round(forbidden)),
      figure('server_errors', 'percentunit', ({ serverErrorShare }) => serverErrorShare),
      figure('unique_ips', 'short', ({ uniqueIps }) => uniqueIps),
    ],
  });
}
