/** Text that is HTML already. Only html`` makes it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[];

/**
 * A template whose values are escaped, for element content and for attribute values in double quotes.
 * Nested html`` stays as it is, arrays are joined, and false, null and undefined are nothing.
 */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  let text = parts[0];
  for (let i = 0; i < values.length; i++) text += rendered(values[i]) + parts[i + 1];
  return new Html(text);
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function rendered(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => ENTITIES[character]);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(rendered).join('');
  return '';
}
