// Calls in progress, as they cost money; beside them balances, the last records and refusals.

import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { accountName, changed, isOperator, state } from './state';
import { age, amount, count, duration, empty, iso, price, time } from './format';
import { lowBalances } from './low';
import { alerts } from './alerts';
import { bans } from './bans';
import { exposure } from './exposure';
import { quality } from './quality';
import { cdrTable, refusalTable } from './page_records';
import type { Call } from './types';

const MORE = 100;

const isAnswered = (call: Call): boolean => call.wall_answer_us > 0;
// Since the list was read, at most a few seconds ago: between two readings the cost is drawn on.
const elapsedUs = (): number => state.callsStale ? 0 : Math.max(0, Date.now() * 1000 - state.callsAsOfUs);

function costNow(call: Call): number {
  const cost = Number(call.cost);
  return isAnswered(call) ? cost + Number(call.price_per_min) / 60e6 * elapsedUs() : cost;
}

function leftNow(call: Call, perMinute: Map<number, number>): string {
  const left = call.money_left ?? call.left;
  if (left === undefined) return '–';
  const spending = (perMinute.get(call.account_id) ?? 0) / 60e6 * elapsedUs();
  return amount(Math.max(0, Number(left) - spending));
}

function paidFor(call: Call): string {
  if (call.paid_until_us === undefined) return call.is_emergency ? 'free' : '–';
  return call.paid_until_us < 0 ? '∞' : duration(call.paid_until_us - elapsedUs());
}

function spending(): Map<number, number> {
  const sums = new Map<number, number>();
  for (const call of state.calls) {
    if (isAnswered(call)) {
      sums.set(call.account_id, (sums.get(call.account_id) ?? 0) + Number(call.price_per_min));
    }
  }
  return sums;
}

function ask(call: Call): void {
  state.ending = call;
  state.note = '';
  changed();
}

function callRow(call: Call, perMinute: Map<number, number>): TemplateResult {
  const kind = call.is_emergency ? 'emergency' : call.is_inbound ? 'inbound' : call.is_on_net ? 'on-net' : '';
  const account = accountName(call.account_id);
  return html`<tr data-key=${call.key}>
    <td data-label="Caller" class="strong">${call.caller}</td>
    <td data-label="Called" class="strong">${call.callee}${kind === '' ? nothing : html` <span class="tag ${kind}">${kind}</span>`}</td>
    <td data-label="Account">${account === '' ? '–' : html`<a href="#/accounts/${account}">${account}</a>`}</td>
    <td data-label="State"><span class="state ${call.state}">${call.state}</span></td>
    <td data-label="Since" class="num" title=${iso(call.wall_start_us)}>${time(call.wall_start_us)}</td>
    <td data-label="Talk" class="num">${isAnswered(call) ? duration(call.talk_us + elapsedUs()) : '–'}</td>
    <td data-label="Price / min" class="num">${price(call.price_per_min)} <small>${call.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${amount(costNow(call))}</td>
    <td data-label="Money left" class="num">${leftNow(call, perMinute)}</td>
    <td data-label="Paid for" class="num">${paidFor(call)}</td>
    ${isOperator() ? html`<td class="act"><button class="danger small" @click=${() => ask(call)}
      aria-label="End the call from ${call.caller} to ${call.callee}">End</button></td>` : nothing}
  </tr>`;
}

function matches(call: Call, wanted: string): boolean {
  return [call.caller, call.callee, accountName(call.account_id), call.state]
    .some((text) => text.toLowerCase().includes(wanted));
}

function callTable(): TemplateResult {
  const wanted = state.filter.trim().toLowerCase();
  const found = wanted === '' ? state.calls : state.calls.filter((call) => matches(call, wanted));
  const shown = found.slice(0, state.shownMax);
  const perMinute = spending();
  const heads = ['Caller', 'Called', 'Account', 'State', 'Since', 'Talk', 'Price / min', 'Cost so far', 'Money left', 'Paid for'];
  return html`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${count(state.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${state.filter} @input=${(event: Event) => {
          state.filter = (event.target as HTMLInputElement).value; changed(); }}></div>
    <div class="scroll ${state.callsStale ? 'is-stale' : ''}"><table class="calls">
      <thead><tr>${heads.map((head, i) => html`<th scope="col" class=${i > 3 ? 'num' : ''}>${head}</th>`)}
        ${isOperator() ? html`<th scope="col"><span class="sr">Act</span></th>` : nothing}</tr></thead>
      <tbody>${repeat(shown, (call) => call.key, (call) => callRow(call, perMinute))}</tbody>
    </table>
    ${shown.length > 0 ? nothing : state.calls.length === 0
      ? empty(state.callsAsOfUs > 0, 'Nobody is talking now.') : empty(true, 'No call matches.')}</div>
    ${found.length <= shown.length && state.callTotal <= state.calls.length ? nothing : html`<p class="more">
      ${count(shown.length)} of ${count(wanted === '' ? state.callTotal : found.length)} are shown.
      ${found.length > shown.length ? html`<button class="small" @click=${() => {
        state.shownMax += MORE; changed(); }}>Show ${MORE} more</button>` : nothing}</p>`}
  </section>`;
}

function figure(name: string, value: string, more = ''): TemplateResult {
  return html`<div class="figure"><dt>${name}</dt><dd>${value}<small>${more}</small></dd></div>`;
}

function figures(): TemplateResult {
  const answered = state.calls.filter(isAnswered);
  const rates = new Map<string, number>();
  for (const call of answered) {
    rates.set(call.currency, (rates.get(call.currency) ?? 0) + Number(call.price_per_min));
  }
  const rate = [...rates].map(([currency, sum]) => amount(sum, currency)).join(' + ');
  const edge = state.status?.edge;
  const isWhole = state.callTotal <= state.calls.length;
  const answeredCount = isWhole ? answered.length : edge?.calls_answered ?? answered.length;
  return html`<dl class="figures">
    ${figure('Calls in progress', count(state.callTotal), ` ${count(answeredCount)} answered`)}
    ${figure('Spent a minute', rate === '' ? '0.00' : rate)}
    ${edge === undefined ? nothing : figure('Registered', count(edge.bindings), ` contacts, ${count(edge.aors)} users`)}
    ${edge?.lease?.outstanding === undefined ? nothing
      : figure('Set aside at the edge', amount(edge.lease.outstanding))}
    ${figure('Refused lately', count(state.refusals.length >= 50 ? 50 : state.refusals.length),
      state.refusals[0] === undefined ? '' : ` last ${age(state.refusals[0].wall_us)} ago`)}
  </dl>`;
}

function balances(): TemplateResult {
  const perMinute = spending();
  return html`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${state.accountsStale ? 'is-stale' : ''}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${state.accounts.slice(0, 50).map((account) => html`<tr>
        <td><a href="#/accounts/${account.name}">${account.name}</a>
          ${account.is_suspended ? html`<span class="tag bad">suspended</span>` : nothing}</td>
        <td class="num strong">${amount(account.balance?.balance, account.currency)}</td>
        <td class="num">${amount(account.balance?.leased)}</td>
        <td class="num">${amount(perMinute.get(account.id) ?? 0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`;
}

export function live(): TemplateResult {
  return html`<h1 class="sr">Live view</h1>${isOperator() ? alerts() : nothing}${figures()}${callTable()}
    <div class="columns">${balances()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${refusalTable(state.refusals.slice(0, 10), state.areRecordsRead)}</section>
    </div>
    ${isOperator() ? lowBalances(state.low, true) : nothing}
    ${isOperator() ? exposure() : nothing}
    ${isOperator() ? quality() : nothing}
    ${isOperator() ? bans() : nothing}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${cdrTable(state.cdrs.slice(0, 12), state.areRecordsRead)}</section>`;
}
