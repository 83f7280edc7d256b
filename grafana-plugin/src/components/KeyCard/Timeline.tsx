import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import type { TimelineEvent } from '../../card/key-card.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import { sparklinePath } from '../Sparkline/path.ts';
import { absoluteTime, TimeAgo } from '../TimeAgo/TimeAgo.tsx';

interface Props {
  moments: readonly TimelineEvent[];
  shown: ListedKey;
  now: number;
  timeZone: TimeZone;
}

/** Units of the drawing, which is stretched to the available width. */
const WIDTH = 600;
const HEIGHT = 56;

/** Requests over the shown time, and events of the key. */
export function Timeline({ moments, shown: { trend }, now, timeZone }: Props) {
  const styles = useStyles2(getStyles);
  const { colors } = useTheme2();
  const words: Record<TimelineEvent['kind'], string> = {
    created: t('timeline.created', 'Created'),
    rotated: t('timeline.rotated', 'Rotated'),
    scopesChanged: t('timeline.scopes-changed', 'Scopes changed'),
    newIp: t('timeline.new-ip', 'New IP address'),
    rejected: t('timeline.rejected', 'Rejected (401)'),
    lastUsed: t('timeline.last-used', 'Last used'),
  };
  const from = (trend?.times[0] ?? Number.NaN) / 1000;
  const to = (trend?.times.at(-1) ?? Number.NaN) / 1000;
  const drawn = trend && to > from ? sparklinePath(trend.times, trend.values, WIDTH, HEIGHT) : undefined;
  const inside = moments.filter(({ at }) => at >= from && at <= to);
  return (
    <>
      {drawn && (
        <>
          <svg
            className={styles.strip}
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={t('timeline.label', 'Requests in the shown time')}
          >
            <path d={drawn.area} fill={colors.primary.transparent} />
            <path d={drawn.line} fill="none" stroke={colors.primary.text} vectorEffect="non-scaling-stroke" />
            {inside.map(({ kind, at }) => (
              <line
                key={kind}
                x1={((at - from) / (to - from)) * WIDTH}
                x2={((at - from) / (to - from)) * WIDTH}
                y1={0}
                y2={HEIGHT}
                stroke={kind === 'rejected' ? colors.error.text : colors.text.secondary}
                strokeDasharray="3 3"
                vectorEffect="non-scaling-stroke"
              >
                <title>{words[kind]}</title>
              </line>
            ))}
          </svg>
          <div className={styles.axis}>
            <span>{absoluteTime(from, timeZone)}</span>
            <span>{absoluteTime(to, timeZone)}</span>
          </div>
        </>
      )}
      <dl className={styles.moments}>
        {moments.map(({ kind, at }) => (
          <div key={kind}>
            <dt>{words[kind]}</dt>
            <dd>
              <TimeAgo {...{ at, now, timeZone }} />
            </dd>
          </div>
        ))}
      </dl>
      {moments.length === 0 && <p>{t('timeline.nothing', 'No events are known for this key.')}</p>}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  strip: css({
    display: 'block',
    width: '100%',
    height: HEIGHT,
    borderBottom: `1px solid ${theme.colors.border.medium}`,
  }),
  axis: css({
    display: 'flex',
    justifyContent: 'space-between',
    color: theme.colors.text.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
  moments: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(1, 4),
    margin: theme.spacing(1, 0, 0),
    '& dt': {
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightRegular,
      color: theme.colors.text.secondary,
    },
    '& dd': { margin: 0 },
  }),
});
