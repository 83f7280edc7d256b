import * as z from 'zod';
import { GRAINS } from '../history/periods.ts';
import { NO_TENANT } from '../keys/key-labels.ts';
import * as schemas from './schemas.ts';

/** One question the API answers. */
export interface ApiEndpoint {
  path: string;
  summary: string;
  /** In the query string; those in the path are named there. Every value is text. */
  parameters: z.ZodObject;
  answer: z.ZodType;
}

const day = (doc: string) =>
  z.string().max(10).default('').describe(`${doc} As 2026-11-23, 2026-11, 2026Q4, 2026 or today.`);
const text = (doc: string) => z.string().max(256).default('').describe(doc);

/** What a link of a Grafana dashboard brings along when all is chosen there; no key or tenant is called so. */
export const ALL = '$__all';
const one = (doc: string) => text(`${doc} ${ALL} is all, too.`);

const key = { key: one('A key by its id or fingerprint; default all.') };
const tenant = { tenant: one(`Keys of one tenant only; ${NO_TENANT} = those without one.`) };
const time = { from: day('First day.'), to: day('Last day; default today.') };
const cursor = text('`next` of the page before.');
/** A number as people write it: Number() alone would take 1e2, 0x10 and +5 too. */
const limit = (most: number) => {
  const error = `write a whole number from 1 to ${most}`;
  const digits = (said: unknown): unknown => (/^\d+$/.test(String(said)) ? Number(said) : said);
  return z.preprocess(digits, z.int({ error }).min(1, { error }).max(most, { error }).default(100));
};
const page = (most: number, doc = 'Entries in one answer.') => ({
  limit: limit(most).describe(doc),
  cursor,
});

/** Most keys in one answer, other questions wait for it: the sums of a year take some 0.4 ms a key, a review 0.2. */
export const KEYS_PAGE = 200;
export const REVIEW_PAGE = 250;

/** Every question of the API, defined once: what is checked, what is answered, and the OpenAPI document. */
export const ENDPOINTS = {
  keys: {
    path: '/api/v1/keys',
    summary: 'Every key that was seen or is in the keys file, with what it did in some days (default 30).',
    parameters: z.strictObject({ ...tenant, ...time, ...page(KEYS_PAGE) }),
    answer: z.strictObject({ coverage: schemas.coverage, keys: z.array(schemas.key), next: schemas.next }),
  },
  key: {
    path: '/api/v1/keys/{id}',
    summary: 'One key, with the details of what it did in some days (default 30).',
    parameters: z.strictObject({ ...tenant, ...time }),
    answer: schemas.oneKey,
  },
  usage: {
    path: '/api/v1/usage',
    summary:
      'What a key, a tenant or all keys did, period by period, compared with the period and year before.',
    parameters: z.strictObject({
      ...key,
      ...tenant,
      ...time,
      by: z.enum(GRAINS).default('day').describe('How long a period is.'),
      ...page(1_000),
    }),
    answer: z.strictObject({
      coverage: schemas.coverage,
      rows: z.array(schemas.usageRow),
      next: schemas.next,
    }),
  },
  review: {
    path: '/api/v1/review',
    summary: 'The quarterly review: a verdict on every key, with the evidence.',
    parameters: z.strictObject({
      quarter: z
        .string()
        .regex(/^(\d{4}Q[1-4])?$/, 'is none; write it as 2026Q4')
        .default('')
        .describe('As 2026Q4; default the current one.'),
      ...page(REVIEW_PAGE, 'Keys looked at for one answer.'),
    }),
    answer: schemas.review,
  },
} as const satisfies Record<string, ApiEndpoint>;

/** Single requests out of the archive: answered by a process of its own, which reads the question itself. */
export const REQUESTS = {
  path: '/api/v1/requests',
  summary: 'Single requests out of the archive, newest first; 404 where no archive is kept.',
  parameters: z.strictObject({
    ...key,
    ...tenant,
    ip: text('An address, or a network as 203.0.113.0/24.'),
    status: text('Codes or classes with commas: 404 or 4xx,500; 0 = no response.'),
    endpoint: text('A template as in the metrics; * stands for anything.'),
    method: text('GET, POST and so on.'),
    from: text(
      'From when on: a time with offset, days as 2026-11-23, 2026-11, 2026Q4, 2026 or today, or a span back from now as 7d.',
    ),
    to: text('Until when; the same, the last day included.'),
    order: z.enum(['newest', 'oldest']).default('newest').describe('Which requests come first.'),
    ...page(1_000),
  }),
  answer: z.strictObject({
    coverage: schemas.coverage,
    requests: z.array(schemas.request),
    next: schemas.next,
    partial: z.boolean().describe('True when the time for a page was over before it was full.'),
    reachesTo: z.iso.datetime().nullable().describe('Event time of the newest request that could be found.'),
  }),
} as const satisfies ApiEndpoint;

/** Days over all exporters: read from Redis when they are asked for. */
export const SHARED_DAYS = {
  path: '/api/v1/shared/{id}',
  summary:
    'One key over all exporters that share facts, day by day; the same on each of them. 404 where nothing is shared.',
  parameters: z.strictObject({ ...tenant, ...time }),
  answer: z.strictObject({
    ...{ id: z.string(), tenant: z.string() },
    days: z.array(schemas.sharedDay).describe('Days with requests, oldest first; of the last 400.'),
  }),
} as const satisfies ApiEndpoint;

export type EndpointName = keyof typeof ENDPOINTS;

/** What a question says, checked: with the id of the path where there is one. */
export type Question<Name extends EndpointName> = z.infer<(typeof ENDPOINTS)[Name]['parameters']> & {
  id: string;
};
