import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import {
  endpointSummaries,
  quotaUses,
  scopeAdviceOf,
  scopesOf,
  statusesOf,
  timelineEvents,
} from '../../card/key-card.ts';
import { rotationOf } from '../../card/rotation.ts';
import type { KeyList, ListedKey } from '../../keys/key-list.ts';
import { UNESCAPED } from '../unescaped.ts';
import { Checks } from './Checks.tsx';
import { Endpoints } from './Endpoints.tsx';
import { Identity } from './Identity.tsx';
import { IpAddresses } from './IpAddresses.tsx';
import { Quota } from './Quota.tsx';
import { RotationTracker } from './RotationTracker.tsx';
import { Scopes } from './Scopes.tsx';
import { Section } from './Section.tsx';
import { Statuses } from './Statuses.tsx';
import { Timeline } from './Timeline.tsx';

interface Props {
  shown: ListedKey;
  list: KeyList;
  timeZone: TimeZone;
  width: number;
}

/** Minimum width for two columns, pixels. */
const TWO_COLUMNS = 900;

/** The card of one key. */
export function KeyCard({ shown, list, timeZone, width }: Props) {
  const styles = useStyles2(getStyles);
  const rotation = rotationOf(shown, list);
  const { now, answeredRoles } = list;
  return (
    <article
      className={styles.card}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
      tabIndex={0}
      aria-label={t('key-card.label', 'Key {{title}}', {
        title: shown.title,
        ...UNESCAPED,
      })}
    >
      <Identity {...{ shown, now, timeZone }} />
      <div className={styles.columns} style={{ columnCount: width >= TWO_COLUMNS ? 2 : 1 }}>
        <Section title={t('key-card.timeline', 'Timeline')}>
          <Timeline moments={timelineEvents(shown, list)} {...{ shown, now, timeZone }} />
        </Section>
        {rotation && (
          <Section title={t('key-card.rotation', 'Rotation')}>
            <RotationTracker {...{ rotation, now, timeZone }} />
          </Section>
        )}
        <Section title={t('key-card.statuses', 'Responses in the last hour')}>
          <Statuses lines={statusesOf(shown)} isKnown={answeredRoles.has('status1h')} />
        </Section>
        <Section title={t('key-card.quota', 'Rate-limit headroom')}>
          <Quota lines={quotaUses(shown)} />
        </Section>
        <Section title={t('key-card.endpoints', 'Endpoints in the last 30 minutes')}>
          <Endpoints lines={endpointSummaries(shown)} isKnown={answeredRoles.has('endpoints')} />
        </Section>
        <Section title={t('key-card.scopes', 'Granted and used scopes')}>
          <Scopes lines={scopesOf(shown)} advice={scopeAdviceOf(shown)} {...{ now, timeZone }} />
        </Section>
        <Section title={t('key-card.addresses', 'IP addresses')}>
          <IpAddresses {...{ shown, now, timeZone }} />
        </Section>
      </div>
      <Section title={t('key-card.checks', 'Checks: why alerts are firing or not')}>
        <Checks checks={shown.health.checks} />
      </Section>
    </article>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    flex: 1,
    minHeight: 0,
    overflow: 'auto',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: -2 },
  }),
  columns: css({ columnGap: theme.spacing(4) }),
});
