import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { STATES } from '../../../../exporter/src/health/states.ts';
import { count } from '../../../../exporter/src/text/numbers.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import { StateLabel } from '../StateLabel/StateLabel.tsx';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';

interface Props {
  shown: ListedKey;
  now: number;
  timeZone: TimeZone;
}

/** Name, state, reason, remedy and basic facts of the key. */
export function Identity({ shown, now, timeZone }: Props) {
  const styles = useStyles2(getStyles);
  const { health, data, signals } = shown;
  const created = signals.registered?.createdAt ?? Number.NaN;
  const rotated = signals.registered?.rotatedAt ?? Number.NaN;
  const facts: [string, React.ReactNode][] = [
    [t('identity.id', 'Id'), <bdi className={styles.code}>{shown.id}</bdi>],
    [t('identity.tenant', 'Tenant'), shown.tenant && <bdi>{shown.tenant}</bdi>],
    [t('identity.owner', 'Owner'), shown.owner && <bdi>{shown.owner}</bdi>],
    [t('identity.environment', 'Environment'), shown.environment],
    [t('identity.tier', 'Tier'), shown.tier],
    [t('identity.keys-file', 'Keys file'), keysFileText(shown)],
    [t('identity.last-used', 'Last used'), <TimeAgo at={shown.lastUsed} {...{ now, timeZone }} />],
    [t('identity.requests', 'Requests/h'), Number.isFinite(shown.requests) ? count(shown.requests) : ''],
    [t('identity.created', 'Created'), created > 0 && <TimeAgo at={created} {...{ now, timeZone }} />],
    [t('identity.rotated', 'Rotated'), rotated > 0 && <TimeAgo at={rotated} {...{ now, timeZone }} />],
    [
      t('identity.replaces', 'Replaces'),
      data.info?.replaces && <bdi className={styles.code}>{data.info.replaces}</bdi>,
    ],
  ];
  return (
    <header>
      <div className={styles.head}>
        <h2 className={styles.title}>
          <bdi>{shown.title}</bdi>
        </h2>
        <StateLabel state={health.state} large />
      </div>
      <p className={styles.reason} dir="auto">
        {health.reason}
      </p>
      {STATES[health.state].remedy && <p className={styles.remedy}>{STATES[health.state].remedy}</p>}
      <dl className={styles.facts}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </header>
  );
}

/** '' = unknown. */
function keysFileText({ data, signals }: ListedKey): string {
  if (signals.registered === undefined) return '';
  if (data.info === undefined) return t('identity.unregistered', 'not listed');
  const state = signals.registered?.state ?? '';
  return data.info.realtime ? t('identity.realtime', '{{state}}, real-time', { state }) : state;
}

const getStyles = (theme: GrafanaTheme2) => ({
  head: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'baseline',
    columnGap: theme.spacing(2),
  }),
  title: css({ margin: 0, ...theme.typography.h3, overflowWrap: 'anywhere' }),
  reason: css({ margin: theme.spacing(0.5, 0, 0), overflowWrap: 'anywhere' }),
  remedy: css({ margin: 0, color: theme.colors.text.secondary }),
  code: css({ fontFamily: theme.typography.fontFamilyMonospace, overflowWrap: 'anywhere' }),
  facts: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(1, 4),
    margin: theme.spacing(1.5, 0, 0),
    '& dt': {
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightRegular,
      color: theme.colors.text.secondary,
    },
    '& dd': { margin: 0, overflowWrap: 'anywhere' },
  }),
});
