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

/** Something the reader must know to read the panel right. */
export interface Problem {
  severity: 'error' | 'warning';
  sentence: string;
}

type View = 'overview' | 'key';

/** What is wrong or missing, worst first. `view` decides which queries are needed. */
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

/** What sentences about the query of a role are made with. */
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
        ? t('problem.failed', 'A query failed: {{message}}', { message, ...AS_IS })
        : t('problem.role-failed', 'The query {{refId}} ({{title}}) failed, so {{without}}: {{message}}', {
            message,
            ...wordsOf(role, mapping),
          }),
    ),
  );
}

/** What queries of the present say, and what they should have said. */
const present = (answers: Answers, list: KeyList, mapping: RoleMapping): Problem[] => [
  ...blindness(list),
  ...empty(answers, list, mapping),
  ...ended(list),
];

/** Queries of the present are asked at the end of the shown time: in the future there is nothing. */
const future = (): Problem[] => [
  error(
    t(
      'problem.future',
      'The shown time ends in the future, where the queries of this panel have no answer. Choose a time that ends now, such as "Today so far".',
    ),
  ),
];

function blindness({ blind, keys }: KeyList): Problem[] {
  // Without any key nothing says that there is an exporter at all.
  if (blind === 0) return [];
  return [
    error(
      blind === keys.length
        ? t(
            'problem.blind',
            'An exporter is blind: the request log has stopped or is not being read to its end, so missing traffic means nothing. See to the pipeline first.',
          )
        : t(
            'problem.blind-of-some',
            'An exporter is blind: the request log has stopped or is not being read to its end, so missing traffic of {{count}} of the keys means nothing. See to the pipeline first.',
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
            'problem.unassigned-one',
            'The query {{refIds}} has no role here: name what it is for under "RefIds of the queries" in the options of the panel.',
            words,
          )
        : t(
            'problem.unassigned',
            'The queries {{refIds}} have no role here: name what each is for under "RefIds of the queries" in the options of the panel.',
            words,
          ),
    ),
  ];
}

/** Queries that have an answer about every key that is used, and answered nothing. */
function empty(answers: Answers, { keys }: KeyList, mapping: RoleMapping): Problem[] {
  if (!keys.some(({ requests, lastUsed }) => requests > 0 || lastUsed > 0)) return [];
  return ROLE_NAMES.filter(
    (role) =>
      roleOf(role).neverEmpty === true &&
      answers.asked.has(role) &&
      !answers.failed.has(role) &&
      answers.rows(role).every(({ length }) => length === 0),
  ).map((role) =>
    warning(
      t(
        'problem.empty',
        'The query {{refId}} ({{title}}) answered nothing: {{without}}.',
        wordsOf(role, mapping),
      ),
    ),
  );
}

/** Queries that the options name for a second role, which goes without. */
function shared(view: View, mapping: RoleMapping): Problem[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view).flatMap((role): Problem[] => {
    const having = roles.get(refIdOf(role, mapping)) ?? role;
    if (having === role) return [];
    return [
      warning(
        t(
          'problem.shared',
          'The query {{refId}} is taken for "{{having}}" and cannot be for "{{title}}" as well, so {{without}}: name one for each under "RefIds of the queries" in the options of the panel.',
          { having: ROLE_WORDS[having].title(), ...wordsOf(role, mapping) },
        ),
      ),
    ];
  });
}

function missing({ asked }: Answers, view: View, mapping: RoleMapping): Problem[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view)
    .filter((role) => !asked.has(role) && roles.get(refIdOf(role, mapping)) === role)
    .map((role) =>
      warning(
        t('problem.missing', 'There is no query {{refId}} ({{title}}): {{without}}.', wordsOf(role, mapping)),
      ),
    );
}

const neededIn = (view: View): RoleName[] =>
  ROLE_NAMES.filter((role) => {
    const { optional, cardOnly } = roleOf(role);
    return !optional && (!cardOnly || view === 'key');
  });

/** Answers that lost a label on the way, such as those of a sum by less. */
function unreadable(answers: Answers, mapping: RoleMapping): Problem[] {
  return [...answers.asked].flatMap((role) => {
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
              'problem.unreadable-one',
              'The query {{refId}} ({{title}}) has answers without the label {{labels}}, so {{without}}: let the query keep it.',
              words,
            )
          : t(
              'problem.unreadable',
              'The query {{refId}} ({{title}}) has answers without the labels {{labels}}, so {{without}}: let the query keep them.',
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
            'problem.ended-one',
            '{{count}} key has no current samples, for up to {{longest}}: its exporter is gone or was moved.',
            words,
          )
        : t(
            'problem.ended',
            '{{count}} keys have no current samples, for up to {{longest}}: their exporter is gone or was moved.',
            words,
          ),
    ),
  ];
}
