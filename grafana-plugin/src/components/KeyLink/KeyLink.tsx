import { css } from '@emotion/css';
import type { GrafanaTheme2, LinkModel } from '@grafana/data';
import { DataLinksContextMenu, useStyles2 } from '@grafana/ui';
import React from 'react';

/** The name of a key with its data links. A single link is followed; several links open a menu. */
export function KeyLink({ links, title }: { links: LinkModel[]; title: string }) {
  const styles = useStyles2(getStyles);
  const [link] = links;
  const name = <bdi>{title}</bdi>;
  if (link === undefined)
    return (
      <div className={styles.name} title={title}>
        {name}
      </div>
    );
  if (links.length > 1)
    return (
      <DataLinksContextMenu links={() => links}>
        {({ openMenu }) => (
          <button
            type="button"
            className={styles.name}
            title={title}
            tabIndex={-1}
            data-opens
            onClick={openMenu}
          >
            {name}
          </button>
        )}
      </DataLinksContextMenu>
    );
  return (
    <a
      className={styles.name}
      href={link.href}
      // Undefined rather than _self: Grafana reloads the page for links with a target.
      target={link.target}
      rel="noreferrer"
      title={title}
      tabIndex={-1}
      data-opens
      onClick={link.onClick}
    >
      {name}
    </a>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  name: css({
    display: 'block',
    maxWidth: '100%',
    padding: 0,
    border: 0,
    background: 'none',
    textAlign: 'start',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    fontWeight: theme.typography.fontWeightMedium,
    color: theme.colors.text.primary,
    'a&:hover, button&:hover': { color: theme.colors.text.link, textDecoration: 'underline' },
  }),
});
