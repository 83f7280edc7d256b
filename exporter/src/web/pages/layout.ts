import { type Html, html } from '../../text/html.ts';
import { absolute } from './wording.ts';

export interface PageFrame {
  title: string;
  /** Seconds since the epoch: as of when the page holds. */
  now: number;
  /** Seconds between reloads; 0 = none. */
  refresh: number;
  /** The address that switches refreshing on or off. */
  refreshAddress: string;
  main: Html;
}

/** A whole page. What is inside an element with data-live is replaced when the page refreshes itself. */
export function page({ title, now, refresh, refreshAddress, main }: PageFrame): string {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
${refresh > 0 && html`<noscript><meta http-equiv="refresh" content="${refresh}"></noscript>`}
<script src="/page.js" defer></script>
</head>
<body data-refresh="${refresh}">
<a class="skip" href="#main">Skip to the keys</a>
<header class="top">
<a class="home" href="/"><img src="/icon.svg" alt="" width="22" height="22"> Atender API keys</a>
<p class="asof"><span id="asof" data-live>as of <time datetime="${new Date(now * 1000).toISOString()}">${absolute(now)}</time></span>
<a href="${refreshAddress}">${refresh > 0 ? `Stop refreshing every ${refresh} s` : 'Refresh every 10 s'}</a></p>
</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer><a href="/metrics">Metrics for Prometheus</a> <a href="/-/ready">Ready?</a></footer>
</body>
</html>
`;
  return text;
}
