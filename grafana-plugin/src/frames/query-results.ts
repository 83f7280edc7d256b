import { type DataFrame, LoadingState, type PanelData } from '@grafana/data';
import { t } from '@grafana/i18n';
import { type RoleMapping, type RoleName, rolesByRefId } from '../roles/roles.ts';
import { type Rows, rowsOf, type Series, seriesOf } from './rows.ts';

/** Results of the queries of a panel, by role. */
export interface QueryResults {
  /** Roles with a query, including queries without data. */
  queried: ReadonlySet<RoleName>;
  /** RefIds of queries without a role. */
  unassigned: readonly string[];
  /** Error messages of failed queries, by role; '' = no role. */
  failed: ReadonlyMap<RoleName | '', string>;
  rows(role: RoleName): Rows[];
  series(role: RoleName): Series[];
  /**
   * Evaluation time of instant queries, milliseconds since the epoch: the result of the `asOf` query, or the end of the
   * time range, but not later than the request.
   */
  evaluatedAt: number;
  /** The evaluation time is so far in the future that queries return no data, as with "Today". */
  endsInFuture: boolean;
  /** The evaluation time is in the past. */
  isPast: boolean;
}

/** Lookback of Prometheus, milliseconds. */
const LOOKBACK = 300_000;

/** Groups the frames of a panel by role. Frames without a role are dropped. */
export function queryResultsOf(data: PanelData, mapping: RoleMapping): QueryResults {
  const roleOfRef = rolesByRefId(mapping);
  const frames = new Map<RoleName, DataFrame[]>();
  for (const frame of data.series) {
    const role = roleOfRef.get(frame.refId ?? '');
    if (role === undefined) continue;
    const known = frames.get(role);
    if (known) known.push(frame);
    else frames.set(role, [frame]);
  }
  const queried = new Set<RoleName>(frames.keys());
  const shown = (data.request?.targets ?? []).filter(({ hide }) => hide !== true).map(({ refId }) => refId);
  for (const refId of shown) {
    const role = roleOfRef.get(refId);
    if (role !== undefined) queried.add(role);
  }
  const rows = memoized((role) => rowsOf(frames.get(role) ?? []));
  const to = asOf(rows('asOf')) ?? data.timeRange.to.valueOf();
  const begun = data.request?.startTime ?? to;
  const refIds = new Set([...shown, ...data.series.flatMap(({ refId }) => (refId ? [refId] : []))]);
  return {
    queried,
    unassigned: [...refIds].filter((refId) => !roleOfRef.has(refId)),
    failed: failedQueries(data, roleOfRef),
    rows,
    series: memoized((role) => (frames.get(role) ?? []).flatMap(seriesOf)),
    evaluatedAt: Math.min(to, begun),
    endsInFuture: to - begun > LOOKBACK,
    isPast: begun - to > LOOKBACK,
  };
}

/** The result of the `asOf` query in milliseconds since the epoch; undefined without it. */
function asOf(rows: Rows[]): number | undefined {
  const seconds = rows.find(({ length }) => length > 0)?.value(0);
  return seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined;
}

/** Caches the result per role: there can be one series per key, and several callers read them. */
function memoized<T>(read: (role: RoleName) => T): (role: RoleName) => T {
  const known = new Map<RoleName, T>();
  return (role) => {
    const answers = known.get(role) ?? read(role);
    known.set(role, answers);
    return answers;
  };
}

function failedQueries(data: PanelData, roleOfRef: Map<string, RoleName>): Map<RoleName | '', string> {
  const failed = new Map<RoleName | '', string>();
  // `error` is the older form of `errors`; a data source may fill either.
  const errors = data.errors?.length ? data.errors : data.error ? [data.error] : [];
  for (const error of errors) {
    const message =
      error.data?.message ?? error.message ?? error.statusText ?? t('notice.unknown', 'unknown error');
    failed.set(roleOfRef.get(error.refId ?? '') ?? '', message);
  }
  if (errors.length === 0 && data.state === LoadingState.Error)
    failed.set('', t('notice.unknown', 'unknown error'));
  return failed;
}
