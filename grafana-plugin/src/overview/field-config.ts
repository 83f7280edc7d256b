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

const TIME_RANGE_MACRO = '${__url_time_range}';

/** Link to the key usage dashboard with key, tenant and time range. */
export const usageLink = (): DataLink => ({
  title: t('link.usage', 'Key usage'),
  url:
    '/d/atender-key-usage?var-tenant=${__data.fields.tenant_id:percentencode}' +
    `&var-key=\${__data.fields.key_id:percentencode}&${TIME_RANGE_MACRO}`,
});

/** Fields of the keys frame that field config formats. */
export type ConfiguredField =
  | 'requests'
  | 'change'
  | 'throttled'
  | 'forbidden'
  | 'server_errors'
  | 'unique_ips';

/** Texts, colours and links that field config gives the keys. */
export interface AppliedFieldConfig {
  display(field: ConfiguredField, key: ListedKey): DisplayValue;
  /** Title of the state, and colour if a value mapping sets one. */
  state(key: ListedKey): { text: string; color: string | undefined };
  /** Formats any value like the values of the field, e.g. a threshold. */
  format(field: ConfiguredField, value: number): string;
  /** Data links of the key, most important first. Script links are removed. */
  links(key: ListedKey): LinkModel[];
}

interface Context {
  fieldConfig: FieldConfigSource;
  theme: GrafanaTheme2;
  timeZone: TimeZone;
  replaceVariables: InterpolateFunction;
}

/** Applies field config to the keys. Without data links, keys link to the key usage dashboard. */
export function applyFieldConfig(keys: readonly ListedKey[], context: Context): AppliedFieldConfig {
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
  const processors = (name: ConfiguredField) => {
    const field = fields.get(name);
    return field?.display ?? getDisplayProcessor({ field: field ?? {}, theme });
  };
  const states = fields.get('state');
  // Both processors are created here, because `field.display` may write the same colour in another form.
  const mapped = getDisplayProcessor({ field: states ?? {}, theme });
  const plain = getDisplayProcessor({
    field: { ...states, config: { ...states?.config, mappings: [] } },
    theme,
  });
  const stateOf = ({ health }: ListedKey) => {
    const title = STATES[health.state].title;
    const { text, color } = mapped(title);
    // Without a mapped colour, a state has the colour of its tone rather than the default colour of the field.
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
        reencoded(model, field.config.links?.[i], (url) =>
          replaceVariables(
            url.replaceAll(TIME_RANGE_MACRO, () => timeRangeParameters(replaceVariables)),
            scope,
          ),
        ),
      )
      .filter(({ href, onClick }) => onClick !== undefined || isSafe(href));
  };
  // Cached for rows that are scrolled out of view and back.
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
 * Rebuilds plain links. The sanitizer of Grafana decodes a link, so an id with `&` would split the parameter. `isSafe`
 * replaces the sanitizer.
 */
function reencoded(
  model: LinkModel,
  link: DataLink | undefined,
  replace: (url: string) => string,
): LinkModel {
  if (link === undefined || link.url === '' || link.onClick || link.onBuildUrl || link.internal) return model;
  return { ...model, href: locationUtil.assureBaseUrl(replace(link.url.replace(/\n/g, ''))) };
}

/** For a panel with its own time range, Grafana leaves the macro empty. The page URL has the range of the dashboard. */
function timeRangeParameters(replace: InterpolateFunction): string {
  const known = replace(TIME_RANGE_MACRO);
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
