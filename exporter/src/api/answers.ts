import { chosenKeys } from '../history/key-choice.ts';
import { periodsOf } from '../history/periods.ts';
import { timeOf } from '../history/time-question.ts';
import { usageReport } from '../history/usage-report.ts';
import { reviewOf } from '../review/review-of.ts';
import { reviewJson } from '../review/text-forms.ts';
import type { Source } from './answer-source.ts';
import type { EndpointName, Question } from './endpoints.ts';
import { answerKey, answerKeys } from './key-answers.ts';
import { pageOf } from './paging.ts';

/** Who answers what. Each throws QuestionError when there is no answer, and StoreError. */
export const ANSWERS: {
  [Name in EndpointName]: (source: Source, question: Question<Name>) => object | Promise<object>;
} = {
  keys: answerKeys,
  key: answerKey,
  usage: answerUsage,
  review: answerReview,
};

function answerUsage(source: Source, question: Question<'usage'>): object {
  const { days, by, today } = timeOf(question, source.now);
  const keys = chosenKeys(source.reader, source.registry, question);
  // Only the periods of the page are added up.
  const { items, next } = pageOf('usage', periodsOf(by, days), question, ({ from }) => from);
  const { coverage } = source;
  if (items.length === 0) return { coverage, rows: [], next };
  const part = { from: items[0].from, to: items[items.length - 1].to };
  return { coverage, rows: usageReport(source.reader, { days: part, by, today }, keys), next };
}

/** What single requests a review looks at must leave time for the rest of the answer. */
const REPLAY_MS = 15_000;

async function answerReview(source: Source, question: Question<'review'>): Promise<object> {
  const { items: keys, next } = pageOf('review', source.reader.keys(), question, ({ key }) => key);
  const made = await reviewOf({ ...source, keys, replayUntil: Date.now() + REPLAY_MS }, question.quarter);
  return { ...reviewJson(made), next };
}
