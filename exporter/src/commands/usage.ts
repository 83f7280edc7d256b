import { USAGE_FORMS, type UsageForm, usageCsv, usageTable } from '../history/forms.ts';
import { chosenKeys, QuestionError } from '../history/key-choice.ts';
import { type TimeQuestion, timeOf } from '../history/time-question.ts';
import { usageReport } from '../history/usage-report.ts';
import { registryOf } from '../keys/registry.ts';
import { openStoreForReading } from '../store/sqlite.ts';
import { coverageFor } from './coverage-of-store.ts';
import type { Settings } from './settings.ts';

export interface UsageFlags extends TimeQuestion {
  key: string;
  tenant: string;
  format: string;
}

/**
 * Writes what a key, a tenant or all keys did, period by period, from the store, which an exporter may be
 * writing meanwhile. Throws QuestionError and StoreError.
 */
export function printUsage(flags: UsageFlags, settings: Settings, out: NodeJS.WritableStream): void {
  const { config, ingestion } = settings;
  const form = formOf(flags.format, out);
  const time = timeOf(flags, Date.now() / 1000);
  const registry = registryOf(ingestion);
  const reader = openStoreForReading(config.store.path);
  try {
    const keys = chosenKeys(reader.daily, registry, flags);
    const rows = usageReport(reader.daily, time, keys);
    const coverage = coverageFor(settings, reader);
    if (form === 'json') {
      const covered = coverage.complete ? rows : rows.map((row) => ({ coverage, ...row }));
      out.write(`${JSON.stringify(covered, null, 2)}\n`);
    } else out.write(form === 'csv' ? usageCsv(rows, coverage) : usageTable(rows, coverage));
  } finally {
    reader.close();
  }
}

/** A table on a terminal, JSON elsewhere, unless it is said. */
function formOf(format: string, out: NodeJS.WritableStream): UsageForm {
  if (format === '') return (out as NodeJS.WriteStream).isTTY ? 'table' : 'json';
  const form = USAGE_FORMS.find((name) => name === format);
  if (form) return form;
  throw new QuestionError(`--format: ${JSON.stringify(format)} is none of ${USAGE_FORMS.join(', ')}`);
}
