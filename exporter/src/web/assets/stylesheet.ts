/** /page.css. Colours are variables, once for light and once for dark; states never differ by colour alone. */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --surface: #ffffff; --raised: #fafbfc; --ink: #191c22; --muted: #5b6472; --line: #e2e5ea;
  --accent: #2450b8; --focus: #2450b8;
  --bad: #a8201a; --bad-soft: #fde9e7; --warn: #7d4c00; --warn-soft: #fff0d4; --note: #1f4f99; --note-soft: #e6effc;
  --good: #17653a; --good-soft: #e3f4e9; --quiet: #5b6472; --quiet-soft: #eceef2;
  --answered: #9db3dc; --refused: #e0a03a; --limited: #c77700; --failed: #d0342c; --unanswered: #b4bac4; --track: #e8ebf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --surface: #171b21; --raised: #1c2128; --ink: #e7eaef; --muted: #9ba5b4; --line: #2a313b;
    --accent: #8fb0ff; --focus: #8fb0ff;
    --bad: #ff9d95; --bad-soft: #45191a; --warn: #f5bf64; --warn-soft: #3e2c0c; --note: #9cc0ff; --note-soft: #1a2d4d;
    --good: #84d6a2; --good-soft: #16351f; --quiet: #a3adbb; --quiet-soft: #262c35;
    --answered: #4f6ba6; --refused: #d59a3c; --limited: #e8a33d; --failed: #f0635a; --unanswered: #5d6673; --track: #2a313b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 14px; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 15px; margin: 0 0 10px; }
h3 { font-size: 13px; margin: 14px 0 4px; }
p { margin: 0; }
bdi { overflow-wrap: anywhere; }
.code, .id { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 12px; }
.none { color: var(--muted); }
.when, p.note { color: var(--muted); font-size: 12.5px; }
span.warn:not(.badge) { color: var(--warn); font-weight: 600; }
span.bad:not(.badge) { color: var(--bad); font-weight: 600; }
.skip { position: absolute; left: 8px; top: -60px; background: var(--surface); padding: 8px 12px; z-index: 2; }
.skip:focus { top: 8px; }

.top, main, footer { max-width: 1480px; margin: 0 auto; padding: 0 24px; }
.top { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; justify-content: space-between; padding-block: 14px; }
.home { display: inline-flex; align-items: center; gap: 9px; font-weight: 650; color: var(--ink); text-decoration: none; }
.asof { color: var(--muted); font-size: 12.5px; display: flex; flex-wrap: wrap; gap: 2px 14px; }
.asof .old { color: var(--bad); font-weight: 600; }
main { padding-block: 10px 28px; }
footer { padding-block: 8px 32px; font-size: 12.5px; display: flex; gap: 18px; }

.states ul { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0; padding: 0; }
.chip {
  display: inline-flex; align-items: center; gap: 7px; padding: 5px 11px; border-radius: 999px; border: 1px solid var(--line);
  background: var(--surface); color: var(--ink); text-decoration: none; line-height: 1.3;
}
.chip:hover { border-color: var(--muted); }
.chip b { font-weight: 650; }
.chip::before, .badge::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentColor; flex: none; }
.chip.all::before { display: none; }
.chip.bad::before { background: var(--bad); border-radius: 2px; }
.chip.warn::before { background: var(--warn); border-radius: 2px; transform: rotate(45deg); }
.chip.note::before { background: var(--note); } .chip.good::before { background: var(--good); } .chip.quiet::before { background: var(--quiet); }
.chip[aria-current] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }

.badge {
  display: inline-flex; align-items: center; gap: 6px; padding: 1px 9px 1px 8px; border-radius: 999px;
  font-size: 12.5px; font-weight: 600; line-height: 1.55; white-space: nowrap;
}
.badge.bad { color: var(--bad); background: var(--bad-soft); } .badge.bad::before { border-radius: 2px; }
.badge.warn { color: var(--warn); background: var(--warn-soft); } .badge.warn::before { border-radius: 2px; transform: rotate(45deg); }
.badge.note { color: var(--note); background: var(--note-soft); }
.badge.good { color: var(--good); background: var(--good-soft); }
.badge.quiet { color: var(--quiet); background: var(--quiet-soft); }

.pipeline { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 16px 0 0; color: var(--muted); font-size: 13px; }
.pipeline div { display: flex; flex-wrap: wrap; gap: 0 6px; align-items: baseline; }
.pipeline dd { margin: 0; color: var(--ink); }
.pipeline .watch dd:not(.detail) { color: var(--warn); } .pipeline .broken dd:not(.detail) { color: var(--bad); font-weight: 600; }
.pipeline dd.detail { font-weight: 400; color: var(--muted); overflow-wrap: anywhere; }

.search { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 22px 0 10px; }
.search label, .keys caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
.search input { flex: 0 1 380px; min-width: 0; }
.search input, .search button {
  font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 7px 12px;
}
.search input { border-color: color-mix(in srgb, var(--muted) 55%, var(--line)); }
.search input::placeholder { color: var(--muted); opacity: 1; }
.search button { cursor: pointer; font-weight: 600; }
.found { color: var(--muted); font-size: 13px; margin-bottom: 8px; }
.nothing { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 32px; text-align: center; }

table { border-collapse: collapse; width: 100%; text-align: start; }
th, td { padding: 8px 10px; text-align: start; vertical-align: top; font-weight: 400; }
thead th { font-size: 12.5px; font-weight: 600; color: var(--muted); white-space: nowrap; vertical-align: bottom; }
tbody tr { border-top: 1px solid var(--line); }
.figure { text-align: end; white-space: nowrap; }
.keys { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; border-collapse: separate; border-spacing: 0; }
.keys thead th { position: sticky; top: 0; z-index: 1; background: var(--raised); border-bottom: 1px solid var(--line); }
.keys thead th:first-child { border-start-start-radius: 10px; } .keys thead th:last-child { border-start-end-radius: 10px; }
.keys thead a { color: inherit; text-decoration: none; } .keys thead a:hover { color: var(--ink); text-decoration: underline; }
.keys [aria-sort] a { color: var(--ink); }
.keys tbody tr:not(:first-child) > * { border-top: 1px solid var(--line); }
.keys tbody tr:hover { background: var(--raised); }
.keys th:first-child, .keys td:first-child { padding-inline-start: 16px; }
.keys th:last-child, .keys td:last-child { padding-inline-end: 16px; }
.keys .key { min-width: 190px; }
.keys tbody .key > a { font-weight: 600; color: var(--ink); text-decoration: none; display: block; }
.keys tbody .key > a:hover { text-decoration: underline; }
.keys .id, .keys .about { display: block; color: var(--muted); }
.keys .about { font-size: 12.5px; }
.keys thead .state { width: 36%; }
.keys .reason { display: block; color: var(--muted); font-size: 12.5px; margin-top: 3px; overflow-wrap: anywhere; max-width: 72ch; text-wrap: pretty; }
.keys .used { white-space: nowrap; }
.keys .requests { text-align: end; white-space: nowrap; }
.keys .requests .n { display: inline-block; min-width: 52px; }
svg path { fill: none; stroke: var(--answered); }
svg path.ground { stroke: var(--line); }
svg path.refused { stroke: var(--refused); } svg path.limited { stroke: var(--limited); } svg path.failed { stroke: var(--failed); } svg path.unanswered { stroke: var(--unanswered); }
.spark { vertical-align: top; width: 120px; height: 26px; }
.bar { display: block; margin-top: 5px; } .bar rect { fill: var(--answered); } .bar rect.track { fill: var(--track); }
.bar rect.refused { fill: var(--refused); } .bar rect.limited { fill: var(--limited); } .bar rect.failed { fill: var(--failed); } .bar rect.unanswered { fill: var(--unanswered); }
.pager { display: flex; gap: 18px; padding: 14px 0 0; }
.beside { margin-top: 14px; color: var(--muted); font-size: 13px; display: grid; gap: 2px; }

.crumbs { margin: 0 0 12px; font-size: 13px; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin-top: 14px; min-width: 0; }
.lead { margin-top: 0; border-inline-start-width: 4px; }
.lead h1 { margin-bottom: 6px; } .lead .badge { vertical-align: 3px; margin-inline-start: 6px; }
.lead.bad { border-inline-start-color: var(--bad); } .lead.warn { border-inline-start-color: var(--warn); }
.lead.note { border-inline-start-color: var(--note); } .lead.good { border-inline-start-color: var(--good); }
.lead .why { font-size: 15px; overflow-wrap: anywhere; max-width: 90ch; } .remedy, .description { margin-top: 6px; max-width: 90ch; }
.description { color: var(--muted); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 0 14px; }
.big { font-size: 18px; margin-bottom: 8px; }
.chart { width: 100%; height: 110px; display: block; }
.axis { display: flex; justify-content: space-between; color: var(--muted); font-size: 12px; padding-top: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 10px 0 0; padding: 0; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; }
.legend li::before { content: ""; width: 10px; height: 10px; border-radius: 2px; background: var(--answered); }
.legend .refused::before { background: var(--refused); } .legend .limited::before { background: var(--limited); } .legend .failed::before { background: var(--failed); } .legend .unanswered::before { background: var(--unanswered); }
dl { margin: 0; } dt { color: var(--muted); } dd { margin: 0; }
.facts div { display: grid; grid-template-columns: 118px 1fr; gap: 10px; padding: 3px 0; }
.facts .when { display: inline-block; }
.limits div { padding: 5px 0; } .limits dt, .trio dt { font-size: 12.5px; }
.trio { display: flex; gap: 26px; } .trio dd { font-size: 18px; } .trio b { font-weight: 600; }
.trio + p, .plain + p { margin-top: 12px; }
.plain { list-style: none; margin: 0; padding: 0; } .plain li { padding: 2px 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 0 -18px -10px; padding: 0 8px; }
p.note + .scroll { margin-top: 6px; }
.checks th .code { display: block; color: var(--muted); } td .when, th .when { display: block; }
.checks .not_applicable, .checks .unknown { color: var(--muted); }
.words { min-width: 240px; max-width: 62ch; } .path { min-width: 220px; }
.shares { width: 130px; min-width: 96px; }

@media (max-width: 1180px) { .keys thead .state { width: 32%; } .keys .spark { display: none; } }
@media (max-width: 860px) {
  .top, main, footer { padding-inline: 14px; }
  h1 { font-size: 21px; }
  .states ul { gap: 6px; } .chip { padding: 4px 9px; font-size: 13px; }
  .search input { flex: 1 1 0; }
  .keys, .keys thead, .keys tbody, .keys tr, .keys th, .keys td { display: block; }
  .keys { border: 0; background: none; }
  .keys thead tr { display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 0 2px 10px; }
  .keys thead tr::before { content: "Sort by"; color: var(--muted); font-size: 12.5px; padding: 3px 0; }
  .keys thead th { position: static; min-width: 0; width: auto; padding: 3px 0; background: none; border: 0; }
  .keys thead th:first-child, .keys thead th:last-child { padding-inline: 0; }
  .keys thead a { text-decoration: underline; }
  .keys tbody tr {
    display: grid; grid-template-columns: repeat(5, 1fr); gap: 8px 10px; background: var(--surface);
    border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; margin-bottom: 10px;
  }
  .keys tbody tr > *, .keys tbody tr:not(:first-child) > * { border: 0; padding: 0; width: auto; min-width: 0; text-align: start; }
  .keys th:first-child, .keys td:last-child { padding-inline: 0; }
  .keys thead .state { width: auto; }
  .keys tbody .requests, .keys tbody .figure { text-align: start; }
  .keys tbody .key, .keys .state { grid-column: 1 / -1; }
  .keys tbody .key > a { font-size: 15px; padding-block: 2px; }
  .keys .used, .keys .requests { grid-column: span 2; white-space: normal; }
  .keys .requests { grid-column: span 3; }
  .keys .spark { display: block; } .keys .requests .n { min-width: 0; }
  .keys .requests { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: end; }
  /* What only scrolling sideways would show stands below instead, the words over the whole width. */
  .stacking, .stacking tbody, .stacking th, .stacking td { display: block; }
  .stacking thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacking tbody tr { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 12px; padding: 10px; }
  .stacking tbody tr > * { padding: 0; text-align: start; min-width: 0; overflow-wrap: anywhere; }
  .stacking .words, .stacking .code-title { grid-column: 1 / -1; }
  [data-label]::before { content: attr(data-label); display: block; flex: 0 0 100%; color: var(--muted); font-size: 12px; }
  .facts div { grid-template-columns: 104px 1fr; }
}
@media (prefers-reduced-motion: no-preference) { .chip, .search input { transition: border-color 120ms; } }
@media print { .search, .asof a, footer, .skip { display: none; } body { background: #fff; } }
`;
