import type { KeySignals } from './key-signals.ts';
import { silence } from './lifecycle-checks.ts';

/**
 * Returns how many keys of one exporter fell silent together, or 0. If every real-time key is silent, and two or more
 * were not silent yet when the last of them was used, the log has stopped rather than the keys. Same rule as
 * `instance:atender_exporter:blind{reason="silent_together"}`.
 *
 * @param keys the keys of the exporter, read lazily: iteration stops at the first key that is not silent
 */
export function silentTogether(keys: Iterable<KeySignals>): number {
  const silent: { lastUsed: number; limit: number }[] = [];
  for (const signals of keys) {
    const { result } = silence(signals);
    if (result === 'ok') return 0;
    if (result === 'breach')
      silent.push({ lastUsed: signals.lastUsed, limit: signals.thresholds.silence_seconds.value });
  }
  const last = Math.max(...silent.map(({ lastUsed }) => lastUsed));
  const witnesses = silent.filter(({ lastUsed, limit }) => last - lastUsed <= limit).length;
  return witnesses >= 2 ? witnesses : 0;
}
