import {
  applyFieldOverrides,
  type DataLink,
  type DisplayValue,
  type FieldConfigSource,
  formattedValueToString,
  type GrafanaTheme2,
  getDisplayProcessor,
  type InterpolateFunction,
  type LinkModel,
  locationUtil,
  type TimeZone,
} from '@grafana/data';
import { t } from '@grafana/i18n';
import { STATES } from '../../../exporter/src/health/states.ts';
import type { ListedKey } from '../keys/key-list.ts';
import { keysFrame } from './keys-frame.ts';

const SHOWN_TIME = '${__url_time_range}';

/** The Key usage dashboard of this pack, for one key and the shown time. */
export const usageLink = (): DataLink => ({
  title: t('link.usage', 'Usage of this key'),
  url:
    '/d/atender-key-usage?var-tenant=${__data.fields.tenant_id:percentencode}' +
    `&var-key=\${__data.fields.key_id:percentencode}&${SHOWN_TIME}`,
});

/** Figures of the keys frame that are shown as field config says. */
export type DressedField = 'requests' | 'change' | 'throttled' | 'forbidden' | 'server_errors' | 'unique_ips';

/** What field config makes of the keys: texts, colours and links. */
export interface Dressing {
  display(field: DressedField, key: ListedKey): DisplayValue;
  /** What value mappings make of the state: its title, and a colour where one is mapped to it. */
  state(key: ListedKey): { text: string; color: string | undefined };
  /** Any value as the field's values are written, e.g. its threshold. */
  format(field: DressedField, value: number): string;
  /** Where a click on the key leads, the most important first. Never a script. */
  links(key: ListedKey): LinkModel[];
}

interface Context {
  fieldConfig: FieldConfigSource;
  theme: GrafanaTheme2;
  timeZone: TimeZone;
  replaceVariables: InterpolateFunction;
}

/** Applies field config to the keys. A panel without any data links leads to the Usage dashboard. */
export function dress(keys: readonly ListedKey[], context: Context): Dressing {
  const { theme, timeZone, replaceVariables, fieldConfig } = context;
  const defaults = { ...fieldConfig.defaults, links: fieldConfig.defaults.links ?? [usageLink()] };
  const [frame] = applyFieldOverrides({
    data: [keysFrame(keys)],
    fieldConfig: { defaults, overrides: fieldConfig.overrides },
    replaceVariables,
    theme,
    timeZone,
  });
  const fields = new Map(frame?.fields.map((field) => [field.name, field]));
  const rows = new Map(keys.map((key, row) => [key.handle, row]));
  const processors = (name: DressedField) => {
    const field = fields.get(name);
    return field?.display ?? getDisplayProcessor({ field: field ?? {}, theme });
  };
  const states = fields.get('state');
  // Both made here: what a field brings along writes the same colour in another way.
  const mapped = getDisplayProcessor({ field: states ?? {}, theme });
  const plain = getDisplayProcessor({
    field: { ...states, config: { ...states?.config, mappings: [] } },
    theme,
  });
  const stateOf = ({ health }: ListedKey) => {
    const title = STATES[health.state].title;
    const { text, color } = mapped(title);
    // Without a colour of its own a state has that of its tone, not the one that every field has.
    return { text: text || title, color: color === plain(title).color ? undefined : color };
  };
  const linksOf = (key: ListedKey): LinkModel[] => {
    const rowIndex = rows.get(key.handle) ?? -1;
    const field = fields.get('name');
    if (frame === undefined || field?.getLinks === undefined) return [];
    const scope = { __dataContext: { value: { data: [frame], frame, field, rowIndex } } };
    return field
      .getLinks({ valueRowIndex: rowIndex })
      .map((model, i) =>
        encoded(model, field.config.links?.[i], (url) =>
          replaceVariables(
            url.replaceAll(SHOWN_TIME, () => shownTime(replaceVariables)),
            scope,
          ),
        ),
      )
      .filter(({ href, onClick }) => onClick !== undefined || isSafe(href));
  };
  // A row that is scrolled out and in again has the same links.
  const known = new Map<string, LinkModel[]>();
  return {
    display: (name, key) => processors(name)(fields.get(name)?.values[rows.get(key.handle) ?? -1]),
    state: stateOf,
    format: (name, value) => formattedValueToString(processors(name)(value)),
    links: (key) => {
      const links = known.get(key.handle) ?? linksOf(key);
      known.set(key.handle, links);
      return links;
    },
  };
}

/**
 * Grafana's own clean-up of a link decodes it, so that an id with `&` would end its parameter; a plain link is
 * therefore written again, and held to isSafe instead.
 */
function encoded(model: LinkModel, link: DataLink | undefined, replace: (url: string) => string): LinkModel {
  if (link === undefined || link.url === '' || link.onClick || link.onBuildUrl || link.internal) return model;
  return { ...model, href: locationUtil.assureBaseUrl(replace(link.url.replace(/\n/g, ''))) };
}

/** Grafana has none for a panel with a time of its own: the dashboard's stands in the page's address. */
function shownTime(replace: InterpolateFunction): string {
  const known = replace(SHOWN_TIME);
  if (known !== '') return known;
  const page = new URLSearchParams(window.location.search);
  return new URLSearchParams([...page].filter(([name]) => name === 'from' || name === 'to')).toString();
}

const isSafe = (href: string): boolean => {
  try {
    return ['http:', 'https:', 'mailto:'].includes(new URL(href, 'http://same.origin').protocol);
  } catch {
    return false;
  }
};
