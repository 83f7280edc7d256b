import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { type KeyState, STATES } from '../../../../exporter/src/health/states.ts';
import { STATE_TONES, type Tone } from '../../../../exporter/src/health/tones.ts';

interface Props {
  state: KeyState;
  /** Text of a value mapping; replaces the title of the state. */
  text?: string | undefined;
  color?: string | undefined;
  large?: boolean;
}

/** A state as a symbol and a title. Shape and colour of the symbol both show the tone. */
export function StateLabel({ state, text, color, large = false }: Props) {
  const styles = useStyles2(getStyles);
  const tone = STATE_TONES[state];
  return (
    <span
      className={large ? cx(styles[tone], styles.large) : styles[tone]}
      style={color ? { color } : undefined}
    >
      <ToneMark tone={tone} />
      {text ?? STATES[state].title}
    </span>
  );
}

const SHAPES: Record<Tone, React.ReactElement> = {
  bad: <path d="M5 .5 9.5 5 5 9.5.5 5Z" fill="currentColor" />,
  warn: <path d="M5 .8 9.6 9H.4Z" fill="currentColor" />,
  note: <rect x="1.2" y="1.2" width="7.6" height="7.6" rx="1.6" fill="currentColor" />,
  good: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  quiet: <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.4" />,
};

/** The symbol of a tone in the current text colour. */
export function ToneMark({ tone }: { tone: Tone }) {
  return (
    <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" style={{ flex: 'none' }}>
      {SHAPES[tone]}
    </svg>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const label = (color: string) =>
    css({
      display: 'flex',
      alignItems: 'center',
      gap: theme.spacing(0.75),
      fontWeight: theme.typography.fontWeightMedium,
      whiteSpace: 'nowrap',
      lineHeight: 1.35,
      color,
    });
  return {
    large: css({ fontSize: theme.typography.h4.fontSize }),
    bad: label(theme.colors.error.text),
    warn: label(theme.colors.warning.text),
    note: label(theme.colors.info.text),
    good: label(theme.colors.success.text),
    quiet: label(theme.colors.text.secondary),
  };
};
