import { t } from '@grafana/i18n';
import type { RoleName } from './roles.ts';

/** Title of each role in the editor, and the consequence of a missing query as part of a sentence. */
export const ROLE_TEXTS: Record<RoleName, { title: () => string; without: () => string }> = {
  keys: {
    title: () => t('role.keys', 'Keys to show'),
    without: () => t('role.keys-without', 'every key in the other results is shown'),
  },
  asOf: {
    title: () => t('role.as-of', 'Time of the results'),
    without: () => t('role.as-of-without', 'the end of the time range is used'),
  },
  info: {
    title: () => t('role.info', 'Key information'),
    without: () =>
      t(
        'role.info-without',
        'names, owners, tiers, environments, revocations, real-time flags and rotations are unknown',
      ),
  },
  facts: {
    title: () => t('role.facts', 'Key facts'),
    without: () => t('role.facts-without', 'last use, IP addresses, quota and scopes are unknown'),
  },
  thresholds: {
    title: () => t('role.thresholds', 'Effective thresholds'),
    without: () => t('role.thresholds-without', 'defaults apply unless the keys file sets a threshold'),
  },
  overrides: {
    title: () => t('role.overrides', 'Threshold overrides'),
    without: () =>
      t('role.overrides-without', 'a threshold counts as an override if it differs from the default'),
  },
  status5m: {
    title: () => t('role.status-5m', 'Requests by status, 5 minutes'),
    without: () => t('role.status-5m-without', 'it is unknown whether errors continue'),
  },
  status30m: {
    title: () => t('role.status-30m', 'Requests by status, 30 minutes'),
    without: () => t('role.status-30m-without', 'responses are unknown, and most states depend on them'),
  },
  status1h: {
    title: () => t('role.status-1h', 'Requests by status, 1 hour'),
    without: () => t('role.status-1h-without', 'requests and responses in the last hour are unknown'),
  },
  recentRate: {
    title: () => t('role.recent-rate', 'Rate of the last hour'),
    without: () => t('role.recent-rate-without', 'spikes and dips are unknown'),
  },
  dayRate: {
    title: () => t('role.day-rate', 'Rate of the previous day'),
    without: () => t('role.day-rate-without', 'spikes and dips are judged against past weeks only'),
  },
  expectedRate: {
    title: () => t('role.expected-rate', 'Expected rate'),
    without: () => t('role.expected-rate-without', 'spikes and dips are unknown'),
  },
  lastWeek: {
    title: () => t('role.last-week', 'Rate a week ago'),
    without: () => t('role.last-week-without', 'the change from last week is unknown'),
  },
  pipeline: {
    title: () => t('role.pipeline', 'Blind exporters'),
    without: () => t('role.pipeline-without', 'it is unknown whether the request log is read to its end'),
  },
  volume: {
    title: () => t('role.volume', 'Requests over time'),
    without: () => t('role.volume-without', 'sparklines are not shown'),
  },
  endpoints: {
    title: () => t('role.endpoints', 'Requests by endpoint and status'),
    without: () => t('role.endpoints-without', 'endpoints and their errors are unknown'),
  },
  forbiddenHistory: {
    title: () => t('role.forbidden-history', 'Earlier hours with 403'),
    without: () => t('role.forbidden-history-without', 'earlier 403 spikes are unknown'),
  },
  addresses: {
    title: () => t('role.addresses', 'New IP addresses'),
    without: () => t('role.addresses-without', 'new IP addresses are not listed'),
  },
  stragglers: {
    title: () => t('role.stragglers', 'Endpoints of the old key, 1 day'),
    without: () =>
      t('role.stragglers-without', 'endpoints still called with the old key of a rotation are unknown'),
  },
  partnerFacts: {
    title: () => t('role.partner-facts', 'Facts of the other key in a rotation'),
    without: () => t('role.partner-facts-without', 'the other key in a rotation is unknown'),
  },
  partnerVolume: {
    title: () => t('role.partner-volume', 'Requests over time of the other key in a rotation'),
    without: () => t('role.partner-volume-without', 'the shares of both keys in a rotation are not shown'),
  },
};
