import { type Coverage, coverageOf } from '../history/coverage.ts';
import { openStoreForReading } from '../store/sqlite.ts';
import type { StoreReader } from '../store/store.ts';
import type { Settings } from './settings.ts';

/**
 * Whose requests a store holds. The exporter that writes it says so in the store; a command beside it may have been
 * given the path alone.
 */
export function coverageFor(settings: Settings, store: Pick<StoreReader, 'serving'>): Coverage {
  const serving = store.serving();
  return coverageOf(
    serving?.instance ?? settings.instance,
    settings.sharing !== undefined || serving?.shared === true,
  );
}

/** The same of the configured store; by the settings alone when it cannot be read. */
export function coverageAt(settings: Settings): Coverage {
  try {
    const store = openStoreForReading(settings.config.store.path);
    try {
      return coverageFor(settings, store);
    } finally {
      store.close();
    }
  } catch {
    return coverageFor(settings, { serving: () => undefined });
  }
}
