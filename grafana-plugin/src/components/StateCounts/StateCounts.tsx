import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { type KeyState, STATES } from '../../../../exporter/src/health/states.ts';
import { STATE_TONES } from '../../../../exporter/src/health/tones.ts';
import { ToneMark } from '../StateLabel/StateLabel.tsx';

interface Props {
  counts: readonly { state: KeyState; count: number }[];
  total: number;
  chosen: readonly KeyState[];
  onChoose: (states: KeyState[]) => void;
}

/** Number of keys per state. A click shows only keys in that state, a second click shows all. */
export function StateCounts({ counts, total, chosen, onChoose }: Props) {
  const styles = useStyles2(getStyles);
  const toggled = (state: KeyState) =>
    chosen.includes(state) ? chosen.filter((other) => other !== state) : [...chosen, state];
  return (
    <div className={styles.counts} role="group" aria-label={t('state-counts.label', 'Keys by state')}>
      <button
        type="button"
        className={cx(styles.chip, styles.all)}
        aria-pressed={chosen.length === 0}
        onClick={() => onChoose([])}
      >
        <b>{total}</b> {t('state-counts.all', 'All')}
      </button>
      {counts.map(({ state, count }) => (
        <button
          key={state}
          type="button"
          className={styles.chip}
          aria-pressed={chosen.includes(state)}
          title={STATES[state].meaning}
          onClick={() => onChoose(toggled(state))}
        >
          <span className={styles[STATE_TONES[state]]}>
            <ToneMark tone={STATE_TONES[state]} />
          </span>
          <b>{count}</b> {STATES[state].title}
        </button>
      ))}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  counts: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5), flex: 'none' }),
  chip: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(0.25, 1),
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.pill,
    background: 'transparent',
    color: theme.colors.text.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
    lineHeight: theme.typography.body.lineHeight,
    whiteSpace: 'nowrap',
    '& b': { color: theme.colors.text.primary, fontVariantNumeric: 'tabular-nums' },
    '& svg': { display: 'block' },
    '&:hover': { background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
    '&[aria-pressed="true"]': {
      background: theme.colors.action.selected,
      borderColor: theme.colors.border.strong,
      color: theme.colors.text.primary,
    },
  }),
  all: css({ minWidth: theme.spacing(6) }),
  bad: css({ color: theme.colors.error.text }),
  warn: css({ color: theme.colors.warning.text }),
  note: css({ color: theme.colors.info.text }),
  good: css({ color: theme.colors.success.text }),
  quiet: css({ color: theme.colors.text.secondary }),
});
