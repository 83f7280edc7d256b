import type { KeySignals } from './key-signals.ts';
import { silence } from './lifecycle-checks.ts';

/**
 * How many keys of one exporter fell silent together; 0 = they did not. When every real-time key is silent, and two
 * or more of them were not yet when the last of them was used, the log has stopped and not the keys. The rule
 * `instance:atender_exporter:blind{reason="silent_together"}` says the same.
 *
 * @param keys the exporter's keys, lazily: usually one of the first is in use, and no more are asked for
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
