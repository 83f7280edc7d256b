import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

interface Props {
  /** 1 = full. Larger values are drawn as full. */
  ratio: number;
  tone: 'plain' | 'good' | 'warn' | 'bad';
  words: string;
}

/** A ratio as a bar with a text beside it. */
export function Meter({ ratio, tone, words }: Props) {
  const styles = useStyles2(getStyles);
  const filled = Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) * 100 : 0;
  return (
    <span className={styles.meter}>
      <span className={styles.track} aria-hidden="true">
        <span className={styles[tone]} style={{ width: `${filled}%` }} />
      </span>
      <span>{words}</span>
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const fill = (background: string) => css({ display: 'block', height: '100%', background });
  return {
    meter: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), whiteSpace: 'nowrap' }),
    track: css({
      flex: '1 1 60px',
      minWidth: 40,
      height: 6,
      borderRadius: 3,
      overflow: 'hidden',
      background: theme.colors.background.secondary,
    }),
    plain: fill(theme.colors.primary.main),
    good: fill(theme.colors.success.main),
    warn: fill(theme.colors.warning.main),
    bad: fill(theme.colors.error.main),
  };
};
