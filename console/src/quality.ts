// How good trunks have been lately, over all edges: the tie-break of least-cost routing.

import { html, nothing, type TemplateResult } from 'lit-html';
import { state } from './state';
import { age, count, iso } from './format';

const SHOWN_MAX = 50;

export function quality(): TemplateResult | typeof nothing {
  const rows = state.quality;
  if (rows.length === 0) return nothing;
  return html`<section class="card wide" aria-labelledby="quality-title">
    <div class="head"><h2 id="quality-title">Trunks</h2></div>
    <div class="scroll"><table class="quality"><thead><tr><th scope="col">Trunk</th>
      <th scope="col" class="num">Calls lately</th><th scope="col" class="num">Answered</th>
      <th scope="col" class="num">ASR</th><th scope="col" class="num">Delay to ringing</th>
      <th scope="col" class="num">Counted</th></tr></thead>
    <tbody>${rows.slice(0, SHOWN_MAX).map((row) => html`<tr><td class="strong">${row.trunk}</td>
      <td class="num">${count(row.calls)}</td><td class="num">${count(row.answered)}</td>
      <td class="num strong">${row.asr_percent === null ? '–' : `${row.asr_percent.toFixed(1)} %`}</td>
      <td class="num" title="of ${row.measured} calls">${row.pdd_ms === null ? '–' : `${(row.pdd_ms / 1000).toFixed(1)} s`}</td>
      <td class="num" title=${iso(row.wall_us)}>${age(row.wall_us)} ago</td></tr>`)}</tbody></table></div>
    ${rows.length <= SHOWN_MAX ? nothing : html`<p class="more">${SHOWN_MAX} of ${count(rows.length)} are shown.</p>`}</section>`;
}
