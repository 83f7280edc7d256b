import type { VisualizationSuggestion } from '@grafana/data';
import { t } from '@grafana/i18n';
import { ROLE_NAMES } from '../roles/roles.ts';
import type { PanelOptions } from './options.ts';

/** The part of the data that suggestions use. */
interface Summary {
  rawFrames?: readonly { refId?: string | undefined; fields: readonly { name: string }[] }[] | undefined;
}

/** Suggests the panel if a query has the name of a role and its frames have a key label. */
export function suggestionsFor({ rawFrames = [] }: Summary): VisualizationSuggestion<PanelOptions>[] {
  const known = rawFrames.some(
    ({ refId, fields }) =>
      (ROLE_NAMES as string[]).includes(refId ?? '') && fields.some(({ name }) => name === 'key_id'),
  );
  if (!known) return [];
  const card = rawFrames.some(({ refId }) => refId === 'partnerFacts');
  return [
    card
      ? { name: t('suggestion.card', 'API key card'), options: { view: 'key' } }
      : { name: t('suggestion.overview', 'API key overview'), options: { view: 'overview' } },
  ];
}
