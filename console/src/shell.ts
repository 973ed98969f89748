// The frame around every page: who is logged in, how the parts are, where one can go.

import { html, nothing, type TemplateResult } from 'lit-html';
import { isOperator, logOut, state } from './state';
import { age, amount, iso } from './format';
import { login } from './page_login';
import { live } from './page_live';
import { accounts, account } from './page_account';
import { records, refusals } from './page_records';
import { decks } from './page_decks';
import { explain } from './page_explain';
import { endDialog } from './end_dialog';

const pages: [string, string][] = [['', 'Live'], ['accounts', 'Accounts'], ['cdrs', 'Call records'],
  ['refusals', 'Refusals'], ['decks', 'Decks'], ['explain', 'Explain']];

function chip(name: string, isGood: boolean | null, text: string, title = ''): TemplateResult {
  const kind = isGood === null ? 'plain' : isGood ? 'good' : 'bad';
  return html`<span class="chip ${kind}" title=${title}><i aria-hidden="true"></i><b>${name}</b> ${text}</span>`;
}

function statusBar(): TemplateResult {
  const status = state.status;
  const edge = status?.edge;
  const store = edge?.store ?? status?.web.store;
  const isStoreOk = store?.state === 'ok';
  const storeText = store === undefined ? 'unknown'
    : isStoreOk ? 'answers' : 'silent for ' + age(store.since_wall_us ?? Date.now() * 1000);
  return html`<div class="bar" role="status" aria-label="State of the parts">
    ${chip('Live', state.isFollowing, state.isFollowing ? 'following' : 'reconnecting…')}
    ${isOperator() && status !== null ? html`
      ${chip('Edge', edge?.state === 'ready', edge?.state ?? 'unknown',
        edge?.state === 'unknown' ? 'It does not answer now. Calls may well go on.' : '')}
      ${chip('Ledger', store === undefined ? null : isStoreOk, storeText,
        isStoreOk ? '' : (store?.error ?? ''))}
      ${(status.supervisor.roles ?? []).filter((role) => role.name !== 'edge').map((role) =>
        chip(role.name, role.state === 'ready', role.state, `${role.restarts ?? 0} restarts`))}
      ${edge?.lease?.bound === undefined ? nothing
        : chip('At risk at most', null, amount(edge.lease.bound), 'What grace can lose while the ledger is silent')}
      ${edge?.outbox?.unsettled === undefined ? nothing
        : chip('Unsettled', null, String(edge.outbox.unsettled), 'Usages that the ledger has not booked yet')}` : nothing}
    ${isOperator() && (status?.edge.alerts ?? []).length > 0
      ? chip('Fraud', false, 'suspected: ' + (status?.edge.alerts ?? []).map((one) => one.account ?? '#' + one.account_id).join(', '))
      : nothing}
    ${state.callsStale ? html`<span class="chip bad" title=${iso(state.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${age(state.callsAsOfUs)} ago</span>` : nothing}
    ${state.accountsStale ? html`<span class="chip bad" title=${iso(state.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${age(state.accountsAsOfUs)} ago</span>` : nothing}
    ${state.error === '' ? nothing : html`<span class="chip bad"><i aria-hidden="true"></i>${state.error}</span>`}
  </div>`;
}

function header(): TemplateResult {
  const here = state.route[0] ?? '';
  const shown = pages.filter(([path]) => (path !== 'explain' && path !== 'decks') || isOperator());
  return html`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${shown.map(([path, title]) => html`
      <a href="#/${path}" aria-current=${here === path ? 'page' : 'false'}>${title}</a>`)}
    </nav>
    <span class="who">${state.session?.name.replace(/^[a-z]+:/, '')}
      <button class="quiet" @click=${() => void logOut()}>Log out</button></span>
  </header>`;
}

function page(): TemplateResult {
  switch (state.route[0] ?? '') {
    case 'accounts': return state.route[1] === undefined ? accounts() : account(state.route[1]);
    case 'cdrs': return records();
    case 'refusals': return refusals();
    case 'decks': return decks(state.route[1]);
    case 'explain': return explain();
    default: return live();
  }
}

export function shell(): TemplateResult {
  if (!state.isChecked) return html`<p class="wait">One moment…</p>`;
  if (state.session === null) return login();
  return html`${header()}${statusBar()}<main>${page()}</main>
    <p class="toast ${state.note === '' ? 'is-empty' : ''}" role="status" aria-live="polite">${state.note}</p>
    ${endDialog()}`;
}
