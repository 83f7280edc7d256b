import { Html } from '../text/html.ts';

/** Screen and A4 paper, light and dark; colour is never the only sign. */
export const REVIEW_STYLE = new Html(`
:root { color-scheme: light dark; --text: #1c2128; --faint: #5c6670; --line: #d5dae0; --back: #fff;
  --red: #b3261e; --amber: #8a5300; --green: #1a6b3c; --bar: #5b7fb8; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ed; --faint: #9aa4af; --line: #3a424c; --back: #16191d;
  --red: #ff8a80; --amber: #f0b35a; --green: #6fcf97; --bar: #7ea2dc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 900px; background: var(--back); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 24px; margin: 0 0 12px; }
h2 { font-size: 16px; margin: 0 0 4px; display: flex; justify-content: space-between; gap: 16px; }
dl { display: grid; grid-template-columns: 120px 1fr; gap: 2px 12px; margin: 0 0 12px; }
dt { color: var(--faint); } dd { margin: 0; }
.sign dd { border-bottom: 1px solid var(--faint); height: 24px; max-width: 320px; }
.counts { display: flex; flex-wrap: wrap; gap: 8px 24px; list-style: none; padding: 8px 0; margin: 0;
  border-block: 1px solid var(--line); }
.counts strong { font-size: 20px; }
table { width: 100%; border-collapse: collapse; margin: 12px 0 24px; }
th, td { text-align: left; padding: 4px 8px; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--faint); font-weight: 600; white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; }
a { color: inherit; }
section { border-top: 2px solid var(--line); padding: 12px 0; break-inside: avoid; }
.todo { margin: 0 0 6px; } .figures { color: var(--faint); }
.bars { display: block; max-width: 100%; stroke: var(--bar); stroke-width: .9; }
section .bars { width: 100%; border-bottom: 1px solid var(--line); margin-bottom: 8px; }
.findings dt { font-weight: 600; } em { font-style: normal; font-weight: 700; }
.v-revoke { color: var(--red); font-weight: 700; } .v-rotate, .v-narrow, .v-change-tier { color: var(--amber); font-weight: 700; }
.v-keep { color: var(--green); } .findings .v-keep { color: var(--faint); }
pre { border: 1px solid var(--line); border-radius: 4px; padding: 8px 12px; margin: 0 0 8px; white-space: pre-wrap; }
.decision { color: var(--faint); margin: 0; display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: end; }
.box::before { content: ""; display: inline-block; width: 11px; height: 11px; margin-right: 4px;
  border: 1px solid var(--faint); vertical-align: -1px; }
.line { flex: 1; min-width: 120px; border-bottom: 1px solid var(--faint); }
@page { size: A4; margin: 14mm; }
@media print { :root { color-scheme: light; --text: #000; --faint: #444; --line: #bbb; --back: #fff; --red: #9b1c15;
  --amber: #704300; --green: #14532d; --bar: #47689c; }
  body { padding: 0; max-width: none; font-size: 10.5pt; } a { text-decoration: none; }
  .bars { print-color-adjust: exact; -webkit-print-color-adjust: exact; } thead { display: table-header-group; }
  tr { break-inside: avoid; } }
`);
