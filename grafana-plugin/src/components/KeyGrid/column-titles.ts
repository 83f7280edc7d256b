import { t } from '@grafana/i18n';
import type { ColumnName } from '../../overview/columns.ts';

/** Title and tooltip of each column. They are functions, because translations are loaded later. */
export const COLUMN_TITLES: Record<ColumnName, { title: () => string; about: () => string }> = {
  state: {
    title: () => t('column.state', 'State'),
    about: () => t('column.state-about', 'State and its reason. Sorts worst first.'),
  },
  key: { title: () => t('column.key', 'Key'), about: () => t('column.key-about', 'Name, tenant and id') },
  environment: {
    title: () => t('column.environment', 'Environment'),
    about: () => t('column.environment-about', 'Production or sandbox'),
  },
  tier: {
    title: () => t('column.tier', 'Tier'),
    about: () => t('column.tier-about', 'Tier that sets the rate limits'),
  },
  owner: {
    title: () => t('column.owner', 'Owner'),
    about: () => t('column.owner-about', 'Owner in the keys file'),
  },
  lastUsed: {
    title: () => t('column.last-used', 'Last used'),
    about: () => t('column.last-used-about', 'Time of the last request with a response other than 401'),
  },
  requests: {
    title: () => t('column.requests', 'Requests/h'),
    about: () =>
      t('column.requests-about', 'Requests in the last hour. The line covers the time range of the panel.'),
  },
  change: {
    title: () => t('column.change', 'vs last week'),
    about: () => t('column.change-about', 'Requests in the last hour compared with the same hour a week ago'),
  },
  answers: {
    title: () => t('column.answers', 'Responses'),
    about: () =>
      t('column.answers-about', 'Responses in the last hour by status class. Sorts by the share of errors.'),
  },
  throttled: {
    title: () => t('column.throttled', '429'),
    about: () =>
      t('column.throttled-about', 'Share of 429 responses in the last 30 minutes, with the threshold below'),
  },
  forbidden: {
    title: () => t('column.forbidden', '403'),
    about: () =>
      t('column.forbidden-about', '403 responses in the last 30 minutes, with the threshold below'),
  },
  serverErrors: {
    title: () => t('column.server-errors', '5xx'),
    about: () =>
      t(
        'column.server-errors-about',
        'Share of 5xx responses in the last 30 minutes, with the threshold below',
      ),
  },
  uniqueIps: {
    title: () => t('column.unique-ips', 'IPs'),
    about: () => t('column.unique-ips-about', 'Unique IP addresses in the last 24 hours'),
  },
};
