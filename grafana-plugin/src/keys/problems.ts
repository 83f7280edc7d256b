import { counted, span } from '../../../exporter/src/keys/wording.ts';
import type { Answers } from '../frames/answers.ts';
import { ROLE_NAMES, type RoleMapping, refIdOf, roleOf } from '../roles/roles.ts';
import type { KeyList } from './key-list.ts';

/** Something the reader must know to read the panel right. */
export interface Problem {
  severity: 'error' | 'warning';
  sentence: string;
}

/** What is wrong or missing, worst first. `view` decides which queries are needed. */
export function problemsOf(
  answers: Answers,
  list: KeyList,
  view: 'overview' | 'key',
  mapping: RoleMapping,
): Problem[] {
  return [
    ...failures(answers, mapping),
    ...(answers.endsInFuture ? future() : present(answers, list, mapping)),
    ...unassigned(answers),
    ...missing(answers, view, mapping),
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
      sentence: `The ${queries} ${refIds.join(', ')} ${have} no role here: name what each is for under "RefIds of the queries" in the panel's options.`,
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

function missing({ asked }: Answers, view: 'overview' | 'key', mapping: RoleMapping): Problem[] {
  const needed = ROLE_NAMES.filter((role) => {
    const { optional, cardOnly } = roleOf(role);
    return !optional && (!cardOnly || view === 'key');
  });
  return needed
    .filter((role) => !asked.has(role))
    .map((role) => ({
      severity: 'warning',
      sentence: `There is no query ${refIdOf(role, mapping)} (${roleOf(role).title}): ${roleOf(role).without}.`,
    }));
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
