import { t } from '@grafana/i18n';
import type { ColumnName } from '../../overview/columns.ts';

/** What each column is called, and what its figures mean. Called when they are shown: translating takes its time. */
export const COLUMN_TITLES: Record<ColumnName, { title: () => string; about: () => string }> = {
  state: {
    title: () => t('column.state', 'State'),
    about: () => t('column.state-about', 'State and the reason for it, worst first'),
  },
  key: { title: () => t('column.key', 'Key'), about: () => t('column.key-about', 'Name, tenant and id') },
  environment: {
    title: () => t('column.environment', 'Environment'),
    about: () => t('column.environment-about', 'Production or sandbox'),
  },
  tier: {
    title: () => t('column.tier', 'Tier'),
    about: () => t('column.tier-about', 'The plan that sets the limits'),
  },
  owner: { title: () => t('column.owner', 'Owner'), about: () => t('column.owner-about', 'Who to ask') },
  lastUsed: {
    title: () => t('column.last-used', 'Last used'),
    about: () => t('column.last-used-about', 'Latest request answered with anything but 401'),
  },
  requests: {
    title: () => t('column.requests', 'Requests/h'),
    about: () =>
      t('column.requests-about', 'Requests of the last hour; the line shows the time range of the dashboard'),
  },
  change: {
    title: () => t('column.change', 'vs last week'),
    about: () => t('column.change-about', 'The last hour against the same hour a week ago'),
  },
  answers: {
    title: () => t('column.answers', 'Answers'),
    about: () =>
      t(
        'column.answers-about',
        'How the requests of the last hour were answered; sorted by the share that failed',
      ),
  },
  throttled: {
    title: () => t('column.throttled', '429'),
    about: () =>
      t(
        'column.throttled-about',
        'Share of rate limited answers in the last 30 minutes, below it the threshold',
      ),
  },
  forbidden: {
    title: () => t('column.forbidden', '403'),
    about: () =>
      t('column.forbidden-about', 'Forbidden answers in the last 30 minutes, below it the threshold'),
  },
  serverErrors: {
    title: () => t('column.server-errors', '5xx'),
    about: () =>
      t(
        'column.server-errors-about',
        'Share of server errors in the last 30 minutes, below it the threshold',
      ),
  },
  uniqueIps: {
    title: () => t('column.unique-ips', 'IPs'),
    about: () => t('column.unique-ips-about', 'Different addresses in the last 24 hours'),
  },
};
