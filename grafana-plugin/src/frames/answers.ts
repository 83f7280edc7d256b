import { type DataFrame, LoadingState, type PanelData } from '@grafana/data';
import { t } from '@grafana/i18n';
import { type RoleMapping, type RoleName, rolesByRefId } from '../roles/roles.ts';
import { type Rows, rowsOf, type Series, seriesOf } from './rows.ts';

/** What the queries of a panel answered, by role. */
export interface Answers {
  /** Roles that a query asks for, also where it answered nothing. */
  asked: ReadonlySet<RoleName>;
  /** RefIds of queries that have no role. */
  unassigned: readonly string[];
  /** Messages of failed queries, by role; '' = of no role. */
  failed: ReadonlyMap<RoleName | '', string>;
  rows(role: RoleName): Rows[];
  series(role: RoleName): Series[];
  /**
   * Milliseconds since the epoch: the time that the queries of the present are about. Their own word for it, or the
   * end of the shown time, but not later than they were asked.
   */
  until: number;
  /** They are about a time that is so far ahead, as the end of "Today" is, that they have no answer. */
  endsInFuture: boolean;
  /** They are about the past. */
  isPast: boolean;
}

/** For so long after its last sample a series still answers, milliseconds. */
const LOOKBACK = 300_000;

/** Sorts the frames of a panel by what they are for. Frames of no role are left out. */
export function answersOf(data: PanelData, mapping: RoleMapping): Answers {
  const roleOfRef = rolesByRefId(mapping);
  const frames = new Map<RoleName, DataFrame[]>();
  for (const frame of data.series) {
    const role = roleOfRef.get(frame.refId ?? '');
    if (role === undefined) continue;
    const known = frames.get(role);
    if (known) known.push(frame);
    else frames.set(role, [frame]);
  }
  const asked = new Set<RoleName>(frames.keys());
  const shown = (data.request?.targets ?? []).filter(({ hide }) => hide !== true).map(({ refId }) => refId);
  for (const refId of shown) {
    const role = roleOfRef.get(refId);
    if (role !== undefined) asked.add(role);
  }
  const rows = readOnce((role) => rowsOf(frames.get(role) ?? []));
  const to = asOf(rows('asOf')) ?? data.timeRange.to.valueOf();
  const begun = data.request?.startTime ?? to;
  const refIds = new Set([...shown, ...data.series.flatMap(({ refId }) => (refId ? [refId] : []))]);
  return {
    asked,
    unassigned: [...refIds].filter((refId) => !roleOfRef.has(refId)),
    failed: failuresOf(data, roleOfRef),
    rows,
    series: readOnce((role) => (frames.get(role) ?? []).flatMap(seriesOf)),
    until: Math.min(to, begun),
    endsInFuture: to - begun > LOOKBACK,
    isPast: begun - to > LOOKBACK,
  };
}

/** Milliseconds since the epoch, where a query says so. */
function asOf(rows: Rows[]): number | undefined {
  const told = rows.find(({ length }) => length > 0)?.value(0);
  return told !== undefined && told > 0 ? told * 1000 : undefined;
}

/** Several look at the same answers, of which there can be one a key. */
function readOnce<T>(read: (role: RoleName) => T): (role: RoleName) => T {
  const known = new Map<RoleName, T>();
  return (role) => {
    const answers = known.get(role) ?? read(role);
    known.set(role, answers);
    return answers;
  };
}

function failuresOf(data: PanelData, roleOfRef: Map<string, RoleName>): Map<RoleName | '', string> {
  const failed = new Map<RoleName | '', string>();
  // `error` is the older form of `errors`; a data source may fill either.
  const errors = data.errors?.length ? data.errors : data.error ? [data.error] : [];
  for (const error of errors) {
    const message =
      error.data?.message ?? error.message ?? error.statusText ?? t('problem.unknown', 'unknown error');
    failed.set(roleOfRef.get(error.refId ?? '') ?? '', message);
  }
  if (errors.length === 0 && data.state === LoadingState.Error)
    failed.set('', t('problem.unknown', 'unknown error'));
  return failed;
}
