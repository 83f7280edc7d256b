import { ownExposition, promClient } from '../exposition-inputs.ts';
import type { Micro } from '../harness/micro.ts';

/** The exposition of counters and histograms, beside prom-client with the same series. */
export function exposition(series: number): Micro {
  const size = { counters: series, histograms: series / 100 };
  const own = ownExposition(size);
  const registry = promClient(size);
  return {
    ...{ unit: 'series', units: size.counters + size.histograms, reference: 'prom-client' },
    tasks: {
      own: { before: own.change, run: async () => own.exposition.render('text') },
      'prom-client': async () => registry.metrics(),
    },
  };
}
