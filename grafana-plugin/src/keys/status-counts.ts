import type { WindowCounts } from '../../../exporter/src/health/key-signals.ts';

/** Requests by status code. */
export type StatusCounts = ReadonlyMap<number, number>;

type ResponseClass = Exclude<keyof WindowCounts, 'requests'>;
type Sums = Required<WindowCounts>;

/** The class of a status, as the checks use it. */
export function responseClassOf(status: number): ResponseClass {
  if (status === 0) return 'noResponse';
  if (status < 300) return 'success';
  if (status < 400) return 'redirect';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 429) return 'throttled';
  return status < 500 ? 'other4xx' : 'serverErrors';
}

/** Sums requests by class. undefined = no results for the key: all counts are NaN. */
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
    sums[responseClassOf(status)] += requests;
    sums.requests += requests;
  }
  return sums;
}
