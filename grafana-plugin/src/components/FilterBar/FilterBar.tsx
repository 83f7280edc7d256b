import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, ClipboardButton, FilterInput, MultiCombobox, useStyles2 } from '@grafana/ui';
import React, { startTransition, useEffect, useState } from 'react';
import type { ListedKey } from '../../keys/key-list.ts';
import {
  FACETS,
  type Facet,
  type Filters,
  facetValues,
  isFiltering,
  NO_FILTERS,
} from '../../overview/filters.ts';

interface Props {
  /** All keys; the filter options come from them. */
  keys: readonly ListedKey[];
  filters: Filters;
  onChange: (filters: Filters) => void;
  /** Shows the search box only. The filter boxes would wrap and push the keys out of a narrow panel. */
  isNarrow: boolean;
  /** The shown keys as CSV. */
  getCsv: () => string;
}

/** Search, filters by environment, tier and owner, and the copy button. */
export function FilterBar({ keys, filters, onChange, isNarrow, getCsv }: Props) {
  const styles = useStyles2(getStyles);
  const keysAreShown = useAfterFirstFrame();
  const copyLabel = t('filter-bar.copy', 'Copy CSV');
  return (
    <div className={styles.bar} role="search">
      <div className={styles.search}>
        <FilterInput
          value={filters.search}
          onChange={(search) => onChange({ ...filters, search })}
          placeholder={t('filter-bar.search', 'Search name, id, owner')}
          aria-label={t('filter-bar.search-label', 'Search keys')}
          escapeRegex={false}
        />
      </div>
      {(isNarrow ? [] : FACETS).map((facet) => (
        <FacetFilter
          key={facet}
          facet={facet}
          values={facetValues(keys, facet)}
          chosen={filters[facet]}
          onChange={(values) => onChange({ ...filters, [facet]: values })}
          isShown={keysAreShown}
        />
      ))}
      {isFiltering(filters) && (
        <Button variant="secondary" fill="text" size="sm" onClick={() => onChange(NO_FILTERS)}>
          {t('filter-bar.clear', 'Clear')}
        </Button>
      )}
      <ClipboardButton
        variant="secondary"
        fill="text"
        size="sm"
        icon="copy"
        getText={getCsv}
        className={styles.copy}
        // The button hides its text while it shows that it has copied.
        aria-label={copyLabel}
      >
        {copyLabel}
      </ClipboardButton>
    </div>
  );
}

/**
 * Returns false until the first frame is painted. Filter boxes measure the page when they mount, which takes as long as
 * dozens of rows. The keys are drawn first.
 */
function useAfterFirstFrame(): boolean {
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => startTransition(() => setDrawn(true)));
    return () => cancelAnimationFrame(frame);
  }, []);
  return isDrawn;
}

interface FacetProps {
  facet: Facet;
  values: readonly string[];
  chosen: readonly string[];
  onChange: (values: string[]) => void;
  /** If false, a placeholder of the same size is shown. */
  isShown: boolean;
}

function FacetFilter({ facet, values, chosen, onChange, isShown }: FacetProps) {
  const id = React.useId();
  const styles = useStyles2(getStyles);
  const words: Record<Facet, string> = {
    environment: t('filter-bar.environment', 'Environment'),
    tier: t('filter-bar.tier', 'Tier'),
    owner: t('filter-bar.owner', 'Owner'),
  };
  // A chosen value that no key has any more can still be removed.
  const offered = [...new Set([...values, ...chosen])];
  if (offered.length < 2 && chosen.length === 0) return null;
  if (!isShown) return <div className={styles.room} />;
  return (
    <div className={styles.facet}>
      <label htmlFor={id} className={styles.hidden}>
        {words[facet]}
      </label>
      <MultiCombobox
        id={id}
        options={offered.map((value) => ({ value, label: value || t('filter-bar.none', '(none)') }))}
        value={[...chosen]}
        placeholder={words[facet]}
        width="auto"
        minWidth={MIN_WIDTH}
        maxWidth={36}
        onChange={(options) => onChange(options.map(({ value }) => value))}
      />
    </div>
  );
}

/** Width of an empty filter box, in units of the theme. */
const MIN_WIDTH = 18;

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(1),
    flex: 'none',
  }),
  search: css({ flex: '1 1 180px', maxWidth: 320 }),
  facet: css({ position: 'relative', maxWidth: '100%' }),
  room: css({ width: theme.spacing(MIN_WIDTH), height: theme.spacing(theme.components.height.md) }),
  copy: css({ marginInlineStart: 'auto' }),
  hidden: css({
    position: 'absolute',
    width: 1,
    height: 1,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  }),
});
