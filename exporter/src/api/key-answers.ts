import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import { chosenKey } from '../history/key-choice.ts';
import { type Figures, figuresOf, momentOf, NO_SUMS } from '../history/period-figures.ts';
import { timeOf } from '../history/time-question.ts';
import { keyDetails, usesOf } from '../history/usage-report.ts';
import type { KeyEntry } from '../keys/key.ts';
import { isOfTenant } from '../keys/key-labels.ts';
import type { Stored } from '../keys/stored-names.ts';
import type { KeyUses } from '../store/daily-reader.ts';
import type { Source } from './answer-source.ts';
import type { Question } from './endpoints.ts';
import { pageOf } from './paging.ts';

/** The registered and seen keys, one page of them. */
export function answerKeys(source: Source, question: Question<'keys'>): object {
  const { reader, registry } = source;
  const { days } = timeOf({ ...question, by: '' }, source.now);
  const all = reader
    .keys()
    .filter(({ id }) => id !== NO_KEY && id !== OTHER)
    .filter(({ tenant }) => isOfTenant(tenant, question.tenant));
  const { items, next } = pageOf('keys', all, question, ({ key }) => key);
  const numbers = items.map(({ key }) => key);
  const sums = reader.sumsByKey(days, numbers);
  const uses = reader.keyUses(numbers);
  const keys = items.map((row) =>
    keyAnswer(
      row,
      registry.labelled(row.id, row.tenant),
      uses.get(row.key),
      figuresOf(sums.get(row.key) ?? NO_SUMS, null),
    ),
  );
  return { coverage: source.coverage, keys, next };
}

export function answerKey(source: Source, question: Question<'key'>): object {
  const { reader, registry } = source;
  const { days } = timeOf({ ...question, by: '' }, source.now);
  const key = chosenKey(reader, registry, { key: question.id, tenant: question.tenant });
  const numbers = key.rows.map((row) => row.key);
  const figures = figuresOf(
    reader.sums([days], numbers).get(0) ?? NO_SUMS,
    keyDetails(reader, numbers, days),
  );
  return {
    coverage: source.coverage,
    ...keyAnswer(key, key.entry, usesOf(reader, numbers), figures),
  };
}

function keyAnswer(
  { id, tenant }: Stored,
  registered: KeyEntry | undefined,
  used: KeyUses | undefined,
  usage: Figures,
): object {
  const entry: Partial<KeyEntry> = registered ?? {};
  return {
    ...{ id, tenant, registered: registered !== undefined },
    ...{ name: entry.name ?? '', description: entry.description ?? '', owner: entry.owner ?? '' },
    ...{ environment: entry.environment ?? null, state: entry.state ?? null, tier: entry.tier ?? null },
    ...{ scopes: entry.scopes ?? [], replaces: entry.replaces ?? '' },
    ...{ createdAt: momentOf(entry.createdAt ?? 0), rotatedAt: momentOf(entry.rotatedAt ?? 0) },
    ...{ firstUsed: momentOf(used?.firstUsed ?? 0), lastUsed: momentOf(used?.lastUsed ?? 0) },
    ...{ lastRejected: momentOf(used?.lastRejected ?? 0), usage },
  };
}
