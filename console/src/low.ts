// Balances that fell below their thresholds: who was told, and what was added.

import { html, nothing, type TemplateResult } from 'lit-html';
import { amount, iso, time } from './format';
import type { LowBalance } from './types';

const states: Record<string, string> = { open: 'being told', kept: 'noted', told: 'told', 'topped-up': 'topped up',
  refused: 'top-up refused', 'given-up': 'nobody heard' };

function outcome(row: LowBalance): TemplateResult {
  const isBad = row.state === 'refused' || row.state === 'given-up';
  const tried = row.state === 'open' && row.attempts > 0 ? ` (tried ${row.attempts}×)` : '';
  return html`${isBad ? html`<span class="state failed">${states[row.state]}</span>` : states[row.state] ?? row.state}${tried}
    ${row.note === '' ? nothing : html`<small>${row.note}</small>`}`;
}

export function lowBalances(rows: LowBalance[], hasNames: boolean): TemplateResult | typeof nothing {
  if (rows.length === 0) return nothing;
  return html`<section class="card wide" aria-labelledby="low-title">
    <div class="head"><h2 id="low-title">Low balances</h2></div>
    <div class="scroll"><table class="low"><thead><tr><th scope="col">When</th>
      ${hasNames ? html`<th scope="col">Account</th>` : nothing}
      <th scope="col" class="num">Left</th><th scope="col" class="num">Below</th>
      <th scope="col">What came of it</th><th scope="col" class="num">Added</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr><td class="num left" title=${iso(row.wall_us)}>${time(row.wall_us)}</td>
      ${hasNames ? html`<td class="strong"><a href="#/accounts/${row.account}">${row.account}</a></td>` : nothing}
      <td class="num strong">${amount(row.left, row.currency)}</td><td class="num">${amount(row.below, row.currency)}</td>
      <td>${outcome(row)}</td>
      <td class="num">${row.topup === null ? '–' : amount(row.topup, row.currency)}</td></tr>`)}</tbody></table></div></section>`;
}
