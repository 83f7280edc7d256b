import { t } from '@grafana/i18n';
import { span } from '../../../exporter/src/text/numbers.ts';
import { AS_IS } from '../components/as-is.ts';
import type { Answers } from '../frames/answers.ts';
import { ROLE_WORDS } from '../roles/role-words.ts';
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
export interface Problem {
  severity: 'error' | 'warning';
  sentence: string;
}

type View = 'overview' | 'key';

/** Returns all notices, worst first. `view` decides which queries are needed. */
export function problemsOf(answers: Answers, list: KeyList, view: View, mapping: RoleMapping): Problem[] {
  return [
    ...failures(answers, mapping),
    ...(answers.endsInFuture ? future() : present(answers, list, mapping)),
    ...unassigned(answers),
    ...shared(view, mapping),
    ...missing(answers, view, mapping),
    ...unreadable(answers, mapping),
  ];
}

const error = (sentence: string): Problem => ({ severity: 'error', sentence });
const warning = (sentence: string): Problem => ({ severity: 'warning', sentence });

/** Values for texts about the query of a role. */
const wordsOf = (role: RoleName, mapping: RoleMapping) => ({
  refId: refIdOf(role, mapping),
  title: ROLE_WORDS[role].title(),
  without: ROLE_WORDS[role].without(),
  ...AS_IS,
});

function failures({ failed }: Answers, mapping: RoleMapping): Problem[] {
  return [...failed].map(([role, message]) =>
    error(
      role === ''
        ? t('notice.failed', 'A query failed: {{message}}', { message, ...AS_IS })
        : t('notice.role-failed', 'The query {{refId}} ({{title}}) failed, so {{without}}: {{message}}', {
            message,
            ...wordsOf(role, mapping),
          }),
    ),
  );
}

/** Notices from instant queries. */
const present = (answers: Answers, list: KeyList, mapping: RoleMapping): Problem[] => [
  ...blindness(list),
  ...empty(answers, list, mapping),
  ...ended(list),
];

/** Instant queries at a time in the future return no data. */
const future = (): Problem[] => [
  error(
    t(
      'notice.future',
      'The time range ends in the future, where queries return no data. Choose a range that ends now, such as "Today so far".',
    ),
  ),
];

function blindness({ blind, keys }: KeyList): Problem[] {
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

function unassigned({ unassigned: all }: Answers): Problem[] {
  if (all.length === 0) return [];
  const words = { refIds: all.join(', '), ...AS_IS };
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
function empty(answers: Answers, { keys }: KeyList, mapping: RoleMapping): Problem[] {
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
        wordsOf(role, mapping),
      ),
    ),
  );
}

/** Queries that the options assign to a second role. */
function shared(view: View, mapping: RoleMapping): Problem[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view).flatMap((role): Problem[] => {
    const having = roles.get(refIdOf(role, mapping)) ?? role;
    if (having === role) return [];
    return [
      warning(
        t(
          'notice.shared',
          'The query {{refId}} already has the role "{{having}}" and cannot have "{{title}}" too, so {{without}}. Assign a query to each role under "RefIds of the queries" in the panel options.',
          { having: ROLE_WORDS[having].title(), ...wordsOf(role, mapping) },
        ),
      ),
    ];
  });
}

function missing({ queried }: Answers, view: View, mapping: RoleMapping): Problem[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view)
    .filter((role) => !queried.has(role) && roles.get(refIdOf(role, mapping)) === role)
    .map((role) =>
      warning(
        t(
          'notice.missing',
          'The query {{refId}} ({{title}}) is missing: {{without}}.',
          wordsOf(role, mapping),
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
function unreadable(answers: Answers, mapping: RoleMapping): Problem[] {
  return [...answers.queried].flatMap((role) => {
    const { kind, labels } = roleOf(role);
    const lacks = (label: string) =>
      kind === 'series'
        ? answers.series(role).some(({ labels: own, times }) => times.length > 0 && own[label] === undefined)
        : answers.rows(role).some((rows) => rows.length > 0 && !rows.has(label));
    const lacking = labels.filter(lacks);
    if (lacking.length === 0) return [];
    const words = { labels: lacking.join(', '), ...wordsOf(role, mapping) };
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

function ended({ keys }: KeyList): Problem[] {
  const stale = keys.filter(({ staleFor }) => staleFor > 0);
  if (stale.length === 0) return [];
  const words = {
    count: stale.length,
    longest: span(Math.max(...stale.map(({ staleFor }) => staleFor))),
    ...AS_IS,
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
