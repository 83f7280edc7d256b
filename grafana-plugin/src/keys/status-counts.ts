import type { WindowCounts } from '../../../exporter/src/health/key-signals.ts';

/** Requests by status code. */
export type StatusCounts = ReadonlyMap<number, number>;

type AnswerClass = Exclude<keyof WindowCounts, 'requests'>;
type Sums = Required<WindowCounts>;

/** What answers with the status mean for a key, in the classes that the states are judged by. */
export function answerClassOf(status: number): AnswerClass {
  if (status === 0) return 'noResponse';
  if (status < 300) return 'success';
  if (status < 400) return 'redirect';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 429) return 'throttled';
  return status < 500 ? 'other4xx' : 'serverErrors';
}

/** Sums requests by class; undefined (nothing answered for the key) = unknown. */
export function windowCountsOf(counts: StatusCounts | undefined): Sums {
  const start = counts === undefined ? Number.NaN : 0;
  const sums: Sums = {
    requests: start,
    success: start,
    redirect: start,
    unauthorized: start,
    forbidden: start,
    throttled: start,
    other4xx: start,
    serverErrors: start,
    noResponse: start,
  };
  for (const [status, requests] of counts ?? []) {
    sums[answerClassOf(status)] += requests;
    sums.requests += requests;
  }
  return sums;
}
