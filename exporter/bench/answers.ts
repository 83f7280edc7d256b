import { fileURLToPath } from 'node:url';
import type { Source } from '../src/api/answer-source.ts';
import { ANSWERS } from '../src/api/answers.ts';
import { ENDPOINTS, type EndpointName } from '../src/api/endpoints.ts';
import { ALONE } from '../src/history/coverage.ts';
import { chosenKey } from '../src/history/key-choice.ts';
import { KeyRegistry } from '../src/keys/registry.ts';
import { blastRadius } from '../src/review/blast-radius.ts';
import { radiusText } from '../src/review/blast-radius-forms.ts';
import { keyInUse, lookBack } from '../src/review/key-in-use.ts';
import { reviewPage } from '../src/review/page.ts';
import type { Review } from '../src/review/review.ts';
import { reviewOf } from '../src/review/review-of.ts';
import { reviewCsv, reviewJson, reviewMarkdown } from '../src/review/text-forms.ts';
import { openStoreForReading } from '../src/store/sqlite.ts';
import { entryOf } from '../test/keys/entry.ts';

/** Milliseconds. */
export type Spent = [wall: number, processor: number];

export async function spent(work: () => unknown): Promise<Spent> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return [performance.now() - started, (user + system) / 1000];
}

const FORMS: Record<string, (review: Review) => string> = {
  html: reviewPage,
  md: reviewMarkdown,
  csv: reviewCsv,
  json: (made) => JSON.stringify(reviewJson(made), null, 2),
};

async function answerTo(what: string, question: Record<string, string>, source: Source): Promise<string> {
  if (Object.hasOwn(FORMS, what)) return FORMS[what](await reviewOf(source, ''));
  const { reader, registry, recordPath, now } = source;
  if (what === 'explain') {
    const key = chosenKey(reader, registry, { key: question.key, tenant: '' });
    const places = { recordPath, storePath: '' };
    return radiusText(
      blastRadius(await keyInUse(reader, registry, places, key, lookBack(90, now)), now),
      now,
    );
  }
  const { id = '', ...parameters } = question;
  const checked = { ...ENDPOINTS[what as EndpointName].parameters.parse(parameters), id };
  const answer = ANSWERS[what as EndpointName] as (
    source: Source,
    question: object,
  ) => object | Promise<object>;
  return JSON.stringify(await answer(source, checked));
}

/** An entry of the keys file, so that a review has something to judge. */
const entryOfKey = (_: unknown, key: number) =>
  entryOf({
    ...{ id: `key_${key}`, tenantId: `tenant_${key % 10}`, name: `Integration key_${key}`, owner: 'team' },
    ...{ tier: 'professional', scopes: ['contacts:write', 'conversations:write', 'tags:read'] },
  });

/** Asks a store the same question several times and prints what each answer took, opening the store included. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [path, keys, what, question, times] = process.argv.slice(2);
  const registry = new KeyRegistry(Array.from({ length: Number(keys) }, entryOfKey));
  // Until then V8 still compiles what loading this file needed.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const all: Spent[] = [];
  for (let i = 0; i < Number(times); i++)
    all.push(
      await spent(async () => {
        const reader = openStoreForReading(path);
        const source = {
          ...{ reader: reader.daily, registry, recordPath: '', now: Date.now() / 1000 },
          coverage: ALONE,
        };
        await answerTo(what, JSON.parse(question), source);
        reader.close();
      }),
    );
  console.log(JSON.stringify(all));
}
