// The calls in progress as value at risk: what they cost so far and a minute, and how long it lasts.

import { html, nothing, type TemplateResult } from 'lit-html';
import { accountName, readExposure, state } from './state';
import { age, amount, count, duration } from './format';
import type { Exposure, ExposureBy } from './types';

const CHOICES: [ExposureBy, string][] = [['account', 'Account'], ['trunk', 'Trunk'],
  ['destination', 'Destination'], ['country', 'Country']];
const SHOWN_MAX = 50;

let regions: Intl.DisplayNames | null = null;
function country(code: string): string {
  if (code === '') return 'on the network, or of no country';
  if (code === '001') return 'satellites and networks';
  regions ??= new Intl.DisplayNames(['en'], { type: 'region' });
  return regions.of(code) ?? code;
}

function name(by: ExposureBy, row: Exposure): string | TemplateResult {
  switch (by) {
    case 'account': {
      const account = accountName(row.account_id ?? 0);
      return account === '' ? 'nobody pays' : html`<a href="#/accounts/${account}">${account}</a>`;
    }
    case 'trunk': return row.trunk_id === 0 ? 'on the network' : state.trunkNames.get(row.trunk_id ?? 0) ?? '#' + row.trunk_id;
    case 'destination': return row.prefix === '' ? 'free' : row.prefix + '…';
    case 'country': return country(row.country ?? '');
  }
}

function choose(event: Event): void {
  state.exposureBy = (event.target as HTMLSelectElement).value as ExposureBy;
  state.exposure = null;
  void readExposure();
}

export function exposure(): TemplateResult {
  const page = state.exposure;
  const isByAccount = state.exposureBy === 'account';
  const heads = ['Calls', 'Answered', 'Cost so far', 'A minute', 'Set aside', ...(isByAccount ? ['Money left', 'Lasts'] : [])];
  const rows = page?.items ?? [];
  return html`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${choose}>${CHOICES.map(([by, title]) =>
        html`<option value=${by} ?selected=${by === state.exposureBy}>${title}</option>`)}</select></div>
    <div class="scroll ${page?.is_stale === true ? 'is-stale' : ''}"><table class="exposure">
      <thead><tr><th scope="col">${CHOICES.find(([by]) => by === state.exposureBy)?.[1]}</th>
        ${heads.map((head) => html`<th scope="col" class="num">${head}</th>`)}</tr></thead>
      <tbody>${rows.slice(0, SHOWN_MAX).map((row) => html`<tr>
        <td class="strong">${name(state.exposureBy, row)}</td>
        <td class="num">${count(row.calls)}</td><td class="num">${count(row.answered)}</td>
        <td class="num">${amount(row.cost, row.currency)}</td>
        <td class="num strong">${amount(row.cost_per_min, row.currency)}</td>
        <td class="num">${amount(row.held, row.currency)}</td>
        ${isByAccount ? html`<td class="num">${amount(row.money_left)}</td>
          <td class="num">${row.seconds_left === undefined ? '–' : duration(row.seconds_left * 1e6)}</td>` : nothing}</tr>`)}</tbody>
    </table>${rows.length > 0 ? nothing : html`<p class="empty">${page === null ? '…' : 'No call is in progress.'}</p>`}</div>
    ${page === null || !page.is_stale && page.total <= SHOWN_MAX ? nothing : html`<p class="more">
      ${page.total > SHOWN_MAX ? `The dearest ${SHOWN_MAX} of ${count(page.total)} are shown. ` : ''}
      ${page.is_stale ? `As of ${age(page.as_of_wall_us)} ago: the edge does not answer now.` : ''}</p>`}
  </section>`;
}
