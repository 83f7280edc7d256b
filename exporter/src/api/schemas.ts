import * as z from 'zod';
import { QUESTIONS, VERDICTS } from '../review/verdicts.ts';

/** What the API's answers hold. The OpenAPI document is made of these, and the tests hold real answers to them. */
const count = z.int().min(0);
const share = z.number().min(0).max(1);
const moment = z.iso.datetime().nullable();
const date = z.iso.date();

const dayDetails = {
  byStatus: z
    .record(z.string().regex(/^(0|\d{3})$/), count)
    .describe('Requests by status code; 0 = no response.'),
  uniqueIps: z.strictObject({
    count,
    approximate: z.boolean().describe('True when a sketch counted: some 3 % of error.'),
  }),
  durations: z
    .strictObject({ p50: z.number(), p95: z.number(), p99: z.number(), approximate: z.literal(true) })
    .nullable()
    .describe('Seconds, linear within the buckets of the duration histogram; null without durations.'),
  endpoints: z
    .array(z.strictObject({ method: z.string(), endpoint: z.string(), requests: count, errorRate: share }))
    .describe('The busiest 20; the rest as `__other__`.'),
  scopes: z.array(z.strictObject({ scope: z.string(), used: count, refused: count })),
};

const details = z
  .strictObject(dayDetails)
  .nullable()
  .describe('null where more than 20 keys or 4,000 days of keys are added up.');

export const figures = {
  requests: count,
  clientErrors: count.describe('400 to 499; the next three are among them.'),
  serverErrors: count,
  unauthorized: count,
  forbidden: count,
  throttled: count,
  errorRate: share.nullable().describe('Answers from 400 on; null without requests.'),
  bytes: z.number().min(0),
  first: moment.describe('First request answered with anything but 401.'),
  last: moment,
  peakPerMinute: count.describe('Most requests of one key in one calendar minute.'),
  details,
};

const { details: _, ...counts } = figures;

/** A UTC day over all exporters. */
export const sharedDay = z.strictObject({ day: date, ...counts, ...dayDetails });

const comparison = z.strictObject({
  requests: count.nullable().describe('null when the record does not reach back so far.'),
  change: z.number().nullable().describe('0.25 = a quarter more.'),
});

export const coverage = z
  .strictObject({
    instance: z.string().describe('The `instance.id` of the exporter that counted the requests.'),
    complete: z
      .boolean()
      .describe('False where exporters share facts: requests of the others are not in this answer.'),
    text: z.string().describe('The same in a sentence; empty when complete.'),
  })
  .describe('Whose requests the answer is made of.');

export const usageRow = z.strictObject({
  period: z.string(),
  from: date,
  to: date,
  whole: z.boolean().describe('False for a period that is cut or still going on.'),
  ...figures,
  previous: comparison,
  lastYear: comparison,
});

export const key = z.strictObject({
  id: z.string(),
  tenant: z.string(),
  registered: z.boolean().describe('The keys file has it.'),
  name: z.string(),
  description: z.string(),
  environment: z.enum(['production', 'sandbox']).nullable(),
  state: z.enum(['active', 'disabled', 'revoked']).nullable(),
  owner: z.string(),
  tier: z.enum(['starter', 'professional', 'enterprise', 'custom']).nullable(),
  scopes: z.array(z.string()),
  replaces: z.string(),
  createdAt: moment,
  rotatedAt: moment,
  firstUsed: moment,
  lastUsed: moment.describe('Of all time. Where `coverage` is not complete null does not mean never.'),
  lastRejected: moment.describe('The last 401.'),
  usage: z.strictObject(figures).describe('From `from` to `to`.'),
});

export const oneKey = z.strictObject({ coverage, ...key.shape });

export const request = z.strictObject({
  time: z.iso.datetime(),
  ...{ key_id: z.string(), tenant_id: z.string(), method: z.string(), endpoint: z.string() },
  status: z.int(),
  ip: z.string().nullable(),
  duration_ms: z.number().nullable(),
  response_bytes: z.number().nullable(),
  user_agent: z.string().nullable(),
  request_id: z.string().nullable(),
});

export const next = z
  .string()
  .nullable()
  .describe('The `cursor` of the next page; null = this is the last one.');

export const failure = z.strictObject({ error: z.string().describe('What is wrong and what to do.') });

const verdict = z.enum(VERDICTS);

export const reviewedKey = z.strictObject({
  ...{ id: z.string(), tenant: z.string(), name: z.string(), owner: z.string() },
  verdict: verdict.describe(
    'The first of these that any of the four questions asks for. `undecided`: `coverage` is not complete, so absence proves nothing.',
  ),
  findings: z.array(
    z.strictObject({
      question: z.enum(QUESTIONS),
      verdict,
      text: z.string().describe('The evidence in a sentence or two.'),
    }),
  ),
  scopeDiff: z.array(z.string()).describe('Lines with - and +: the scopes it needs.'),
  tier: z.string().nullable(),
  newTier: z.string().nullable().describe('For the verdict `change tier`.'),
  before: z
    .strictObject({ verdict, requests: count })
    .nullable()
    .describe('The quarter before; null without a record of it.'),
  ...{ firstUsed: moment, lastUsed: moment },
  ...{ requests: count, previousRequests: count.nullable(), perDay: z.array(count), daysUsed: count },
  ...{ errors: count, serverErrors: count, throttled: count, throttledDays: count },
  ...{ peakPerMinute: count, busiestDay: count, p95: z.number().nullable() },
  uniqueIps: z.strictObject({ count, approximate: z.boolean() }),
  scopes: z.array(z.strictObject({ scope: z.string(), used: count, refused: count })),
  scopeUnknown: count,
  tiers: z.array(
    z.strictObject({
      tier: z.string(),
      refused: count.describe('Requests it would have refused.'),
      exact: z.boolean().describe('False: at least so many, because single requests are missing.'),
    }),
  ),
  successors: z.array(z.string()),
});

export const review = z.strictObject({
  ...{ quarter: z.string(), from: date, to: date, asOf: z.iso.datetime() },
  completeness: z.strictObject({
    ...{ days: count, daysWithData: count, rejectedShare: share, bytesLost: z.number().min(0) },
    ...{ daysArchived: count, percent: z.number().min(0).max(100) },
  }),
  coverage,
  manifest: z.string().nullable().describe("Hash of the archive's manifest."),
  before: z.strictObject({ quarter: z.string(), percent: z.number() }).nullable(),
  keys: z.array(reviewedKey).describe('Of this answer the most pressing first.'),
  next,
});
