import { QuestionError } from '../history/key-choice.ts';
import { registryOf } from '../keys/registry.ts';
import { reviewPage } from '../review/page.ts';
import type { Review } from '../review/review.ts';
import { reviewOf } from '../review/review-of.ts';
import { reviewCsv, reviewJson, reviewMarkdown } from '../review/text-forms.ts';
import { openStoreForReading } from '../store/sqlite.ts';
import { coverageFor } from './coverage-of-store.ts';
import type { Settings } from './settings.ts';

const FORMS: Record<string, (review: Review) => string> = {
  html: reviewPage,
  md: reviewMarkdown,
  csv: reviewCsv,
  json: (made) => `${JSON.stringify(reviewJson(made), null, 2)}\n`,
};

/** Writes the review of a quarter ('' = the current one). Throws QuestionError and StoreError. */
export async function printReview(
  { quarter, format }: { quarter: string; format: string },
  settings: Settings,
  out: NodeJS.WritableStream,
  messages: NodeJS.WriteStream,
): Promise<void> {
  const { config, ingestion } = settings;
  if (!Object.hasOwn(FORMS, format))
    throw new QuestionError(
      `--format: ${JSON.stringify(format)} is none of ${Object.keys(FORMS).join(', ')}`,
    );
  const store = openStoreForReading(config.store.path);
  try {
    const reviewed = {
      ...{ reader: store.daily, recordPath: config.record.path, now: Date.now() / 1000 },
      registry: registryOf(ingestion),
      coverage: coverageFor(settings, store),
      onProgress: (done: number, total: number) => {
        if (messages.isTTY)
          messages.write(`\r${done} of ${total} days replayed${done === total ? '\n' : ''}`);
      },
    };
    out.write(FORMS[format](await reviewOf(reviewed, quarter)));
  } finally {
    store.close();
  }
}
