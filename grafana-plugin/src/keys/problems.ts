import { counted, span } from '../../../exporter/src/keys/wording.ts';
import type { Answers } from '../frames/answers.ts';
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

/** Where roles are named. */
const WHERE = 'under "RefIds of the queries" in the panel\'s options';

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

function failures({ failed }: Answers, mapping: RoleMapping): Problem[] {
  return [...failed].map(([role, message]) => ({
    severity: 'error',
    sentence:
      role === ''
        ? `A query failed: ${message}`
        : `The query ${refIdOf(role, mapping)} (${roleOf(role).title}) failed, so ${roleOf(role).without}: ${message}`,
  }));
}

/** What queries of the present say, and what they should have said. */
const present = (answers: Answers, list: KeyList, mapping: RoleMapping): Problem[] => [
  ...blindness(list),
  ...empty(answers, list, mapping),
  ...ended(list),
];

/** Queries of the present are asked at the end of the shown time: in the future there is nothing. */
const future = (): Problem[] => [
  {
    severity: 'error',
    sentence:
      'The shown time ends in the future, of which no query can tell: choose one that ends now, such as "Today so far".',
  },
];

function blindness({ blind, keys }: KeyList): Problem[] {
  // Without any key nothing says that there is an exporter at all.
  if (blind === 0) return [];
  const whose = blind === keys.length ? '' : ` of ${counted(blind, 'key')}`;
  return [
    {
      severity: 'error',
      sentence: `An exporter is blind: the request log has stopped or is not being read to its end, so missing traffic${whose} means nothing. See to the pipeline first.`,
    },
  ];
}

function unassigned({ unassigned: refIds }: Answers): Problem[] {
  if (refIds.length === 0) return [];
  const [queries, have] = refIds.length === 1 ? ['query', 'has'] : ['queries', 'have'];
  return [
    {
      severity: 'warning',
      sentence: `The ${queries} ${refIds.join(', ')} ${have} no role here: name what each is for ${WHERE}.`,
    },
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
  ).map((role) => ({
    severity: 'warning',
    sentence: `The query ${refIdOf(role, mapping)} (${roleOf(role).title}) answered nothing: ${roleOf(role).without}.`,
  }));
}

/** Queries that the options name for a second role, which goes without. */
function shared(view: View, mapping: RoleMapping): Problem[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view).flatMap((role): Problem[] => {
    const refId = refIdOf(role, mapping);
    const having = roles.get(refId) ?? role;
    if (having === role) return [];
    const [title, without] = [roleOf(role).title, roleOf(role).without];
    return [
      {
        severity: 'warning',
        sentence: `The query ${refId} is taken for "${roleOf(having).title}" and cannot be for "${title}" as well, so ${without}: name one for each ${WHERE}.`,
      },
    ];
  });
}

function missing({ asked }: Answers, view: View, mapping: RoleMapping): Problem[] {
  const roles = rolesByRefId(mapping);
  return neededIn(view)
    .filter((role) => !asked.has(role) && roles.get(refIdOf(role, mapping)) === role)
    .map((role) => ({
      severity: 'warning',
      sentence: `There is no query ${refIdOf(role, mapping)} (${roleOf(role).title}): ${roleOf(role).without}.`,
    }));
}

const neededIn = (view: View): RoleName[] =>
  ROLE_NAMES.filter((role) => {
    const { optional, cardOnly } = roleOf(role);
    return !optional && (!cardOnly || view === 'key');
  });

/** Answers that lost a label on the way, such as those of a sum by less. */
function unreadable(answers: Answers, mapping: RoleMapping): Problem[] {
  return [...answers.asked].flatMap((role) => {
    const { title, without, kind, labels } = roleOf(role);
    const lacks = (label: string) =>
      kind === 'series'
        ? answers.series(role).some(({ labels: own, times }) => times.length > 0 && own[label] === undefined)
        : answers.rows(role).some((rows) => rows.length > 0 && !rows.has(label));
    const lacking = labels.filter(lacks);
    if (lacking.length === 0) return [];
    const [all, are] = [lacking.join(' and '), lacking.length === 1 ? 'label' : 'labels'];
    return [
      {
        severity: 'warning',
        sentence: `The query ${refIdOf(role, mapping)} (${title}) has answers without the ${are} ${all}, so ${without}: let the query keep ${all}.`,
      },
    ];
  });
}

function ended({ keys }: KeyList): Problem[] {
  const stale = keys.filter(({ staleFor }) => staleFor > 0);
  if (stale.length === 0) return [];
  const longest = span(Math.max(...stale.map(({ staleFor }) => staleFor)));
  const has = stale.length === 1 ? 'has' : 'have';
  return [
    {
      severity: 'warning',
      sentence: `${counted(stale.length, 'key')} ${has} no current samples, for up to ${longest}: their exporter is gone or was moved.`,
    },
  ];
}
