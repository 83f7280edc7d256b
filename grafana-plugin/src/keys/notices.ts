import { t } from '@grafana/i18n';
import { span } from '../../../exporter/src/text/numbers.ts';
import { UNESCAPED } from '../components/unescaped.ts';
import type { QueryResults } from '../frames/query-results.ts';
import { ROLE_TEXTS } from '../roles/role-texts.ts';
import {
  ROLE_NAMES,
  type RoleMapping,
  type RoleName,
  refIdOf,
  roleOf,
  rolesByRefId,
} from '../roles/roles.ts';
import type { KeyList } from './key-list.ts';

/** A notice above the keys: an error or missing data. */
export interface Notice {
  severity: 'error' | 'warning';
  sentence: string;
}

type View = 'overview' | 'key';

/** Returns all notices, worst first. `view` decides which queries are needed. */
export function noticesOf(answers: QueryResults, list: KeyList, view: View, mapping: RoleMapping): Notice[] {
  return [
    ...failedQueryNotices(answers, mapping),
    ...(answers.endsInFuture ? futureTimeNotice() : presentNotices(answers, list, mapping)),
    ...unassignedNotices(answers),
    ...sharedRefIdNotices(view, mapping),
    ...missingQueryNotices(answers, view, mapping),
    ...missingLabelNotices(answers, mapping),
  ];
}

const error = (sentence: string): Notice => ({ severity: 'error', sentence });
const warning = (sentence: string): Notice => ({ severity: 'warning', sentence });

/** Values for texts about the query of a role. */
const roleTextValues = (role: RoleName, mapping: RoleMapping) => ({
  refId: refIdOf(role, mapping),
  title: ROLE_TEXTS[role].title(),
  without: ROLE_TEXTS[role].without(),
  ...UNESCAPED,
});

function failedQueryNotices({ failed }: QueryResults, mapping: RoleMapping): Notice[] {
  return [...failed].map(([role, message]) =>
    error(
      role === ''
        ? t('notice.failed', 'A query failed: {{message}}', { message, ...UNESCAPED })
        : t('notice.role-failed', 'The query {{refId}} ({{title}}) failed, so {{without}}: {{message}}', {
            message,
            ...roleTextValues(role, mapping),
          }),
    ),
  );
}

/** Notices from instant queries. */
const presentNotices = (answers: QueryResults, list: KeyList, mapping: RoleMapping): Notice[] => [
  ...blindNotices(list),
  ...emptyNotices(answers, list, mapping),
  ...endedSeriesNotices(list),
];

/** Instant queries at a time in the future return no data. */
const futureTimeNotice = (): Notice[] => [
  error(
    t(
      'notice.future',
      'The time range ends in the future, where queries return no data. Choose a range that ends now, such as "Today so far".',
    ),
  ),
];

function blindNotices({ blind, keys }: KeyList): Notice[] {
  // Without keys, other notices apply.
  if (blind === 0) return [];
  return [
    error(
      blind === keys.length
        ? t(
            'notice.blind',
            'An exporter is blind: the request log has stopped or is not read to its end, so missing traffic means nothing. Check the pipeline first.',
          )
        : t(
            'notice.blind-of-some',
            'An exporter is blind: the request log has stopped or is not read to its end, so missing traffic of {{count}} keys means nothing. Check the pipeline first.',
            { count: blind },
          ),
    ),
  ];
}

function unassignedNotices({ unassigned: all }: QueryResults): Notice[] {
  if (all.length === 0) return [];
  const words = { refIds: all.join(', '), ...UNESCAPED };
  return [
    warning(
      all.length === 1
        ? t(
            'notice.unassigned-one',
            'The query {{refIds}} has no role. Assign one under "RefIds of the queries" in the panel options.',
            words,
          )
        : t(
            'notice.unassigned',
            'The queries {{refIds}} have no role. Assign one to each under "RefIds of the queries" in the panel options.',
            words,
          ),
    ),
  ];
}

/** Queries that return data for every used key but returned nothing. */
function emptyNotices(answers: QueryResults, { keys }: KeyList, mapping: RoleMapping): Notice[] {
  if (!keys.some(({ requests, lastUsed }) => requests > 0 || lastUsed > 0)) return [];
  return ROLE_NAMES.filter(
    (role) =>
      roleOf(role).neverEmpty === true &&
      answers.queried.has(role) &&
      !answers.failed.has(role) &&
      answers.rows(role).every(({ length }) => length === 0),
  ).map((role) =>
    warning(
      t(
        'notice.empty',
        'The query {{refId}} ({{title}}) returned no data: {{without}}.',
        roleTextValues(role, mapping),
      ),
    ),
  );
}

/** Queries that the options assign to a second role. */
function sharedRefIdNotices(view: View, mapping: RoleMapping): Notice[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view).flatMap((role): Notice[] => {
    const having = roles.get(refIdOf(role, mapping)) ?? role;
    if (having === role) return [];
    return [
      warning(
        t(
          'notice.shared',
          'The query {{refId}} already has the role "{{having}}" and cannot have "{{title}}" too, so {{without}}. Assign a query to each role under "RefIds of the queries" in the panel options.',
          { having: ROLE_TEXTS[having].title(), ...roleTextValues(role, mapping) },
        ),
      ),
    ];
  });
}

function missingQueryNotices({ queried }: QueryResults, view: View, mapping: RoleMapping): Notice[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view)
    .filter((role) => !queried.has(role) && roles.get(refIdOf(role, mapping)) === role)
    .map((role) =>
      warning(
        t(
          'notice.missing',
          'The query {{refId}} ({{title}}) is missing: {{without}}.',
          roleTextValues(role, mapping),
        ),
      ),
    );
}

const neededIn = (view: View): RoleName[] =>
  ROLE_NAMES.filter((role) => {
    const { optional, cardOnly } = roleOf(role);
    return !optional && (!cardOnly || view === 'key');
  });

/** Results without a required label, for example because the query aggregates it away. */
function missingLabelNotices(answers: QueryResults, mapping: RoleMapping): Notice[] {
  return [...answers.queried].flatMap((role) => {
    const { kind, labels } = roleOf(role);
    const lacks = (label: string) =>
      kind === 'series'
        ? answers.series(role).some(({ labels: own, times }) => times.length > 0 && own[label] === undefined)
        : answers.rows(role).some((rows) => rows.length > 0 && !rows.hasLabel(label));
    const lacking = labels.filter(lacks);
    if (lacking.length === 0) return [];
    const words = { labels: lacking.join(', '), ...roleTextValues(role, mapping) };
    return [
      warning(
        lacking.length === 1
          ? t(
              'notice.unreadable-one',
              'The query {{refId}} ({{title}}) returns series without the label {{labels}}, so {{without}}. Keep the label in the query.',
              words,
            )
          : t(
              'notice.unreadable',
              'The query {{refId}} ({{title}}) returns series without the labels {{labels}}, so {{without}}. Keep the labels in the query.',
              words,
            ),
      ),
    ];
  });
}

function endedSeriesNotices({ keys }: KeyList): Notice[] {
  const stale = keys.filter(({ staleFor }) => staleFor > 0);
  if (stale.length === 0) return [];
  const words = {
    count: stale.length,
    longest: span(Math.max(...stale.map(({ staleFor }) => staleFor))),
    ...UNESCAPED,
  };
  return [
    warning(
      stale.length === 1
        ? t(
            'notice.ended-one',
            '{{count}} key has had no samples for {{longest}}. Its exporter is down or was moved.',
            words,
          )
        : t(
            'notice.ended',
            '{{count}} keys have had no samples for up to {{longest}}. Their exporter is down or was moved.',
            words,
          ),
    ),
  ];
}
