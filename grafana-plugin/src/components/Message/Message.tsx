import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { type ReactNode } from 'react';

interface Props {
  title: string;
  children?: ReactNode;
}

/** Shown instead of keys: what is missing, and what to do. */
export function Message({ title, children }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.message} role="status">
      <svg viewBox="0 0 48 48" width="40" height="40" aria-hidden="true">
        <g fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" strokeLinejoin="round">
          <circle cx="17" cy="31" r="8.5" />
          <path d="m23 25 16-16m-6 6 6 6m-11-1 4 4" />
        </g>
      </svg>
      <p className={styles.title}>{title}</p>
      {children && <div className={styles.more}>{children}</div>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  message: css({
    flex: 1,
    minHeight: 0,
    overflow: 'auto',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'safe center',
    gap: theme.spacing(1),
    padding: theme.spacing(2),
    textAlign: 'center',
    color: theme.colors.text.secondary,
    '& > svg': { flex: 'none' },
  }),
  title: css({ margin: 0, ...theme.typography.h5, color: theme.colors.text.primary }),
  more: css({ maxWidth: '60ch', '& ul': { textAlign: 'start', paddingInlineStart: theme.spacing(3) } }),
});
