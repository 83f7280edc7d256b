import { chosenKey, QuestionError } from '../history/key-choice.ts';
import { registryOf } from '../keys/registry.ts';
import { blastRadius } from '../review/blast-radius.ts';
import { radiusJson, radiusText } from '../review/blast-radius-forms.ts';
import { keyInUse, lookBack } from '../review/key-in-use.ts';
import { openStoreForReading } from '../store/sqlite.ts';
import { coverageFor } from './coverage-of-store.ts';
import type { Settings } from './settings.ts';

const MOST_DAYS = 3_650;

export interface ExplainFlags {
  tenant: string;
  days: string;
  format: string;
}

/** Writes what would break if a key were revoked now. Throws QuestionError and StoreError. */
export async function explainKey(
  key: string,
  { tenant, days, format }: ExplainFlags,
  settings: Settings,
  out: NodeJS.WritableStream,
): Promise<void> {
  const { config, ingestion } = settings;
  if (!['text', 'json'].includes(format))
    throw new QuestionError(`--format: ${JSON.stringify(format)} is none of text, json`);
  if (!/^\d{1,4}$/.test(days) || Number(days) < 1 || Number(days) > MOST_DAYS)
    throw new QuestionError(`--days: ${JSON.stringify(days)} is no number from 1 to ${MOST_DAYS}`);
  if (key === '') throw new QuestionError('key: name one, by its id or fingerprint');
  const now = Date.now() / 1000;
  const registry = registryOf(ingestion);
  const store = openStoreForReading(config.store.path);
  try {
    const known = await keyInUse(
      store.daily,
      registry,
      { recordPath: config.record.path, storePath: config.store.path },
      chosenKey(store.daily, registry, { key, tenant }),
      lookBack(Number(days), now),
    );
    const radius = blastRadius(known, now, coverageFor(settings, store));
    out.write(
      format === 'json' ? `${JSON.stringify(radiusJson(radius), null, 2)}\n` : radiusText(radius, now),
    );
  } finally {
    store.close();
  }
}
