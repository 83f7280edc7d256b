import { t } from '@grafana/i18n';
import type { RoleName } from './roles.ts';

/** What a role is called in the editor, and what the panel cannot tell without its query: part of a sentence. */
export const ROLE_WORDS: Record<RoleName, { title: () => string; without: () => string }> = {
  keys: {
    title: () => t('role.keys', 'Keys to show'),
    without: () => t('role.keys-without', 'every key that another query answers about is shown'),
  },
  asOf: {
    title: () => t('role.as-of', 'Time of the answers'),
    without: () => t('role.as-of-without', 'the end of the shown time is taken for it'),
  },
  info: {
    title: () => t('role.info', 'Key information'),
    without: () =>
      t(
        'role.info-without',
        'names, owners, tiers and environments are not known, nor which keys are revoked, real-time or rotating',
      ),
  },
  facts: {
    title: () => t('role.facts', 'Key facts'),
    without: () =>
      t('role.facts-without', 'when keys were last used, their addresses, quota and scopes are not known'),
  },
  thresholds: {
    title: () => t('role.thresholds', 'Effective thresholds'),
    without: () =>
      t('role.thresholds-without', 'built-in defaults stand in where the keys file sets no threshold'),
  },
  overrides: {
    title: () => t('role.overrides', 'Own thresholds'),
    without: () =>
      t('role.overrides-without', 'where a threshold comes from is told by its difference from the default'),
  },
  status5m: {
    title: () => t('role.status-5m', 'Requests by status, 5 minutes'),
    without: () => t('role.status-5m-without', 'whether errors still last is not known'),
  },
  status30m: {
    title: () => t('role.status-30m', 'Requests by status, 30 minutes'),
    without: () =>
      t('role.status-30m-without', 'how requests were answered is not known, which decides most states'),
  },
  status1h: {
    title: () => t('role.status-1h', 'Requests by status, 1 hour'),
    without: () => t('role.status-1h-without', 'volume and answers of the last hour are not known'),
  },
  recentRate: {
    title: () => t('role.recent-rate', 'Rate of the last hour'),
    without: () => t('role.recent-rate-without', 'spikes and dips are not known'),
  },
  dayRate: {
    title: () => t('role.day-rate', 'Rate of the day before'),
    without: () => t('role.day-rate-without', 'spikes and dips are judged against past weeks only'),
  },
  expectedRate: {
    title: () => t('role.expected-rate', 'Expected rate'),
    without: () => t('role.expected-rate-without', 'spikes and dips are not known'),
  },
  lastWeek: {
    title: () => t('role.last-week', 'Rate a week ago'),
    without: () => t('role.last-week-without', 'the change against last week is not known'),
  },
  pipeline: {
    title: () => t('role.pipeline', 'Blind exporters'),
    without: () => t('role.pipeline-without', 'whether the request log is read to its end is not known'),
  },
  volume: {
    title: () => t('role.volume', 'Requests over time'),
    without: () => t('role.volume-without', 'there are no sparklines'),
  },
  endpoints: {
    title: () => t('role.endpoints', 'Requests by endpoint and status'),
    without: () => t('role.endpoints-without', 'endpoints and their errors are not known'),
  },
  forbiddenHistory: {
    title: () => t('role.forbidden-history', 'Earlier hours with 403'),
    without: () => t('role.forbidden-history-without', 'a key with 403 answers counts as clean before'),
  },
  addresses: {
    title: () => t('role.addresses', 'New addresses'),
    without: () => t('role.addresses-without', 'new addresses are not named'),
  },
  stragglers: {
    title: () => t('role.stragglers', 'Endpoints of the old key, 1 day'),
    without: () => t('role.stragglers-without', 'what still uses the old key of a rotation is not known'),
  },
  partnerFacts: {
    title: () => t('role.partner-facts', 'Facts of the other key of a rotation'),
    without: () => t('role.partner-facts-without', 'the other key of a rotation is not known'),
  },
  partnerVolume: {
    title: () => t('role.partner-volume', 'Requests over time of the other key'),
    without: () => t('role.partner-volume-without', 'the shares of the two keys of a rotation are not shown'),
  },
};
