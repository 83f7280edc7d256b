import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { type ReactNode, useId } from 'react';

/** A part of the card with a title. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles2(getStyles);
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h3 id={id} className={styles.title}>
        {title}
      </h3>
      {children}
    </section>
  );
}

/** Text of a section without content. */
export function EmptyNote({ children }: { children: ReactNode }) {
  const styles = useStyles2(getStyles);
  return <p className={styles.nothing}>{children}</p>;
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ breakInside: 'avoid', paddingTop: theme.spacing(2) }),
  title: css({
    margin: theme.spacing(0, 0, 1),
    paddingBottom: theme.spacing(0.5),
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    fontSize: theme.typography.body.fontSize,
    fontWeight: theme.typography.fontWeightMedium,
    lineHeight: theme.typography.body.lineHeight,
  }),
  nothing: css({ margin: 0, color: theme.colors.text.secondary }),
});
