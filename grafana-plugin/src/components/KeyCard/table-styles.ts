import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';

/** Styles of the tables in the card. */
export const getTableStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ overflowX: 'auto' }),
  table: css({
    width: '100%',
    fontVariantNumeric: 'tabular-nums',
    '& th, & td': {
      padding: theme.spacing(0.5, 1.5, 0.5, 0),
      textAlign: 'start',
      verticalAlign: 'baseline',
      fontWeight: theme.typography.fontWeightRegular,
      borderBottom: `1px solid ${theme.colors.border.weak}`,
    },
    '& tr > :last-child': { paddingInlineEnd: 0 },
    '& tbody tr:last-child > *': { borderBottom: 0 },
    '& thead th': { color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize },
  }),
  figure: css({ textAlign: 'end !important' as 'end', whiteSpace: 'nowrap' }),
  code: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    overflowWrap: 'anywhere',
  }),
  second: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
  quiet: css({ color: theme.colors.text.secondary }),
  bad: css({ color: theme.colors.error.text }),
  warn: css({ color: theme.colors.warning.text }),
});
