// What looks like fraud now. Evidence for people: nobody is refused for it, and it goes by itself.

import { html, nothing, type TemplateResult } from 'lit-html';
import { state } from './state';
import { amount, count, iso, time } from './format';
import type { Alert } from './types';

function reasons(alert: Alert): string {
  return [alert.is_at_limits ? 'refused by its limits' : '', alert.is_hot ? 'hot destinations' : '',
    alert.is_sudden ? 'many calls, and usually quiet' : ''].filter((reason) => reason !== '').join(', ');
}

function row(alert: Alert): TemplateResult {
  const name = alert.account ?? '#' + alert.account_id;
  return html`<tr data-account=${name}>
    <td class="strong"><a href="#/accounts/${name}">${name}</a></td>
    <td>${reasons(alert)}</td>
    <td>${alert.destinations.map((to) => html`<span class="tag">${to.prefix}… ${count(to.calls)}</span> `)}</td>
    <td class="num">${count(alert.calls_in_10s)}</td>
    <td class="num">${count(alert.refused_in_10s)}</td>
    <td class="num strong">${amount(alert.money_a_minute, alert.currency)}</td>
    <td class="num" title=${iso(alert.since_wall_us)}>${time(alert.since_wall_us)}</td></tr>`;
}

export function alerts(): TemplateResult | typeof nothing {
  const list = state.status?.edge.alerts ?? [];
  if (list.length === 0) return nothing;
  const heads = ['Calls in 10 s', 'Refused', 'A minute of talk', 'Since'];
  return html`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${count(list.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${heads.map((head) => html`<th scope="col" class="num">${head}</th>`)}</tr></thead>
      <tbody>${list.map(row)}</tbody></table></div>
  </section>`;
}
