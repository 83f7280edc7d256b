import { html } from '../../text/html.ts';
import { page } from './layout.ts';

/** What a browser sees where there is nothing, and when something went wrong. */
export function missingPage(now: number, words: string): string {
  return page({
    title: 'Atender API keys',
    now,
    refresh: 0,
    refreshAddress: '/?refresh=10',
    main: html`<section class="lead quiet"><h1>${words}</h1><p class="why"><a href="/">Show all keys</a></p></section>`,
  });
}
