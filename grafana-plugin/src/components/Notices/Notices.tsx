import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Notice } from '../../keys/notices.ts';
import { ToneMark } from '../StateLabel/StateLabel.tsx';

/** Notices, worst first. One line, which expands if there are several. */
export function Notices({ problems }: { problems: readonly Notice[] }) {
  const styles = useStyles2(getStyles);
  const [first, ...more] = problems;
  if (first === undefined) return null;
  if (more.length === 0)
    return (
      <p className={cx(styles.box, styles[first.severity])} role="status">
        <Sentence problem={first} />
      </p>
    );
  return (
    <details className={cx(styles.box, styles[first.severity])}>
      <summary>
        <Sentence problem={first} />
        <b className={styles.more}>{t('notices.more', '{{count}} more', { count: more.length })}</b>
      </summary>
      <ul>
        {more.map((problem) => (
          <li key={problem.sentence} className={styles[problem.severity]}>
            <Sentence problem={problem} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Sentence({ problem: { severity, sentence } }: { problem: Notice }) {
  const styles = useStyles2(getStyles);
  return (
    <span className={styles.sentence}>
      <ToneMark tone={severity === 'error' ? 'bad' : 'warn'} />
      <span className={styles.words} dir="auto">
        {sentence}
      </span>
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({
    flex: 'none',
    margin: 0,
    padding: theme.spacing(0.5, 1),
    maxHeight: '40%',
    overflow: 'auto',
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
    '& summary': { display: 'flex', gap: theme.spacing(1), cursor: 'pointer', alignItems: 'baseline' },
    '& ul': { listStyle: 'none', margin: theme.spacing(0.5, 0, 0) },
    '& li': { padding: theme.spacing(0.25, 0) },
  }),
  error: css({ color: theme.colors.error.text }),
  warning: css({ color: theme.colors.warning.text }),
  sentence: css({ display: 'flex', alignItems: 'baseline', gap: theme.spacing(0.75), flex: 1, minWidth: 0 }),
  words: css({ color: theme.colors.text.primary, overflowWrap: 'anywhere' }),
  more: css({ flex: 'none', color: theme.colors.text.link }),
});
