// The accounts, and one account: its money, its devices, its statement, topping it up.

import { html, nothing, type TemplateResult } from 'lit-html';
import { ask, get, idempotencyKey, Problem } from './api';
import { accountName, changed, isOperator, readAccounts, state } from './state';
import { age, amount, empty as none, iso, time } from './format';
import { lowBalances } from './low';
import type { Account, Binding, Endpoint, LowBalance, Page, Transfer } from './types';

export function accounts(): TemplateResult {
  return html`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${state.accounts.map((row) => html`<tr>
      <td class="strong"><a href="#/accounts/${row.name}">${row.name}</a>
        ${row.parent === null ? nothing : html`<span class="tag">of ${accountName(row.parent)}</span>`}
        ${row.is_suspended ? html`<span class="tag bad">suspended</span>` : nothing}
        ${row.balance?.is_low === true ? html`<span class="tag bad">low</span>` : nothing}</td>
      <td>${row.kind}</td><td>${row.class}</td>
      <td class="num strong">${amount(row.balance?.balance, row.currency)}</td>
      <td class="num">${amount(row.balance?.leased)}</td><td class="num">${amount(row.balance?.available)}</td>
      <td class="num">${row.channels_max ?? 'no limit'}</td></tr>`)}</tbody></table>
    ${state.accounts.length > 0 ? nothing : none(state.areAccountsRead, 'No accounts.')}</div></section>`;
}

// ---- one account ----

interface Detail {
  name: string; readAtMs: number; account: Account | null; endpoints: Endpoint[] | null;
  bindings: Map<string, Binding[] | null>; transfers: Transfer[] | null; low: LowBalance[];
  failure: string; // of the last reading
  refused: string; said: string; // what came of the last act
  key: string; // of the top-up that is being tried: the same when it is repeated after a failure
  moveKey: string; // the same of a transfer
  bonusKey: string; // and of a bonus
}
let shown: Detail = empty('');

function empty(name: string): Detail {
  return { name, readAtMs: 0, account: null, endpoints: null, bindings: new Map(), transfers: null, low: [],
    failure: '', refused: '', said: '', key: idempotencyKey(), moveKey: idempotencyKey(), bonusKey: idempotencyKey() };
}

async function readBindings(detail: Detail): Promise<void> {
  for (const endpoint of (detail.endpoints ?? []).slice(0, 50)) {
    try {
      const page = await get<{ items: Binding[] }>(`/v1/endpoints/${encodeURIComponent(endpoint.user)}/bindings`);
      detail.bindings.set(endpoint.user, page.items);
    } catch {
      detail.bindings.set(endpoint.user, null); // not known now
    }
  }
  changed();
}

async function readDetail(detail: Detail): Promise<void> {
  detail.readAtMs = Date.now();
  const path = encodeURIComponent(detail.name);
  try {
    detail.account = await get<Account>(`/v1/accounts/${path}`);
    detail.endpoints = (await get<Page<Endpoint>>(`/v1/endpoints?account=${path}`)).items;
    detail.transfers = (await get<Page<Transfer>>(`/v1/accounts/${path}/transfers?max=25`)).items;
    detail.low = (await get<Page<LowBalance>>(`/v1/low-balances?account=${path}&max=10`)).items;
    detail.failure = '';
  } catch (error) {
    detail.failure = error instanceof Error ? error.message : String(error);
  }
  changed();
  await readBindings(detail);
}

async function topUp(event: SubmitEvent, detail: Detail): Promise<void> {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const data = new FormData(form);
  const text = String(data.get('amount') ?? '').trim().replace(',', '.');
  try {
    await ask('POST', `/v1/accounts/${encodeURIComponent(detail.name)}/topups`,
      { amount: text, reason: String(data.get('reason') ?? '') }, { 'Idempotency-Key': detail.key });
    detail.said = `${text} was added.`;
    detail.refused = '';
    detail.key = idempotencyKey();
    form.reset();
  } catch (error) {
    detail.said = '';
    detail.refused = error instanceof Error ? error.message : String(error);
    // Unclear whether it was booked: the next try carries the same key, so that it counts once.
    if (!(error instanceof Problem && error.isUnknown)) detail.key = idempotencyKey();
  }
  await readDetail(detail);
  await readAccounts();
}

// Credit that expires at the end of a day (UTC), or that does not.
async function giveBonus(event: SubmitEvent, detail: Detail): Promise<void> {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const data = new FormData(form);
  const text = String(data.get('amount') ?? '').trim().replace(',', '.');
  const day = String(data.get('day') ?? '');
  const body = { amount: text, reason: String(data.get('reason') ?? '') };
  try {
    await ask('POST', `/v1/accounts/${encodeURIComponent(detail.name)}/bonuses`,
      day === '' ? body : { ...body, expires_at: `${day}T23:59:59Z` }, { 'Idempotency-Key': detail.bonusKey });
    detail.said = `${text} was given.`;
    detail.refused = '';
    detail.bonusKey = idempotencyKey();
    form.reset();
  } catch (error) {
    detail.said = '';
    detail.refused = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Problem && error.isUnknown)) detail.bonusKey = idempotencyKey();
  }
  await readDetail(detail);
  await readAccounts();
}

async function suspend(detail: Detail, account: Account, form: HTMLFormElement | null): Promise<void> {
  const path = `/v1/accounts/${encodeURIComponent(detail.name)}/suspension`;
  try {
    if (account.is_suspended) await ask('DELETE', path);
    else await ask('PUT', path, { why: String(new FormData(form ?? undefined).get('why') ?? '') });
    detail.refused = '';
  } catch (error) {
    detail.refused = error instanceof Error ? error.message : String(error);
  }
  await readDetail(detail);
}

// Between this account and one of its sub-accounts.
async function move(event: SubmitEvent, detail: Detail): Promise<void> {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const data = new FormData(form);
  const child = String(data.get('child') ?? '');
  const down = data.get('direction') === 'down';
  const text = String(data.get('amount') ?? '').trim().replace(',', '.');
  try {
    await ask('POST', `/v1/accounts/${encodeURIComponent(down ? detail.name : child)}/transfers`,
      { amount: text, to: down ? child : detail.name }, { 'Idempotency-Key': detail.moveKey });
    detail.said = `${text} was moved ${down ? 'to' : 'from'} ${child}.`;
    detail.refused = '';
    detail.moveKey = idempotencyKey();
    form.reset();
  } catch (error) {
    detail.said = '';
    detail.refused = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Problem && error.isUnknown)) detail.moveKey = idempotencyKey();
  }
  await readDetail(detail);
  await readAccounts();
}

function subAccounts(detail: Detail, account: Account): TemplateResult | typeof nothing {
  const children = state.accounts.filter((row) => row.parent === account.id);
  if (children.length === 0) return nothing;
  return html`<section class="card wide" aria-labelledby="children-title">
    <div class="head"><h2 id="children-title">Sub-accounts</h2></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="num">Balance</th>
      <th scope="col" class="num">Available</th></tr></thead>
    <tbody>${children.map((row) => html`<tr><td class="strong"><a href="#/accounts/${row.name}">${row.name}</a>
      ${row.is_suspended ? html`<span class="tag bad">suspended</span>` : nothing}</td>
      <td class="num strong">${amount(row.balance?.balance, row.currency)}</td>
      <td class="num">${amount(row.balance?.available)}</td></tr>`)}</tbody></table></div>
    ${isOperator() ? html`<form class="stack" @submit=${(event: SubmitEvent) => void move(event, detail)}>
      <label>Move <select name="direction"><option value="down">to</option><option value="up">from</option></select></label>
      <label>Sub-account <select name="child">${children.map((row) =>
        html`<option>${row.name}</option>`)}</select></label>
      <label>Amount in ${account.currency} <input name="amount" inputmode="decimal"
        pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <button>Move money</button></form>` : nothing}</section>`;
}

// An amount of 0 ends the lock.
async function lock(detail: Detail, form: HTMLFormElement, end: boolean): Promise<void> {
  const data = new FormData(form);
  const text = end ? '0' : String(data.get('amount') ?? '').trim().replace(',', '.');
  try {
    await ask('PUT', `/v1/accounts/${encodeURIComponent(detail.name)}/lock`,
      { amount: text, why: String(data.get('why') ?? '') });
    detail.refused = '';
    form.reset();
  } catch (error) {
    detail.refused = error instanceof Error ? error.message : String(error);
  }
  await readDetail(detail);
  await readAccounts();
}

function locking(detail: Detail, account: Account): TemplateResult {
  const held = account.balance?.lock ?? null;
  const until = held?.wall_until_us ?? null;
  return html`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${(event: SubmitEvent) => { event.preventDefault();
      void lock(detail, event.target as HTMLFormElement, held !== null); }}>
      ${held === null
        ? html`<label>Amount in ${account.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`
        : html`<p>${amount(account.balance?.locked, account.currency)} locked by ${held.by}: ${held.why}${
            until === null ? '' : `, until ${iso(until)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${held === null ? html`<button>Lock</button>` : html`<button>Unlock</button>`}
    </form>`;
}

function devices(detail: Detail): TemplateResult {
  const rows = detail.endpoints ?? [];
  return html`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${rows.length === 0 ? none(detail.endpoints !== null, 'No endpoints.') : html`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${rows.map((row) => {
      const bindings = detail.bindings.get(row.user);
      const known = bindings ?? [];
      return html`<tr><td class="strong">${row.user}
        ${row.is_disabled ? html`<span class="tag bad">disabled</span>` : nothing}
        ${row.digest === 'sha-256' ? html`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>` : nothing}</td>
        <td>${row.identities.join(', ') || '–'}</td>
        <td>${bindings === undefined ? '…' : bindings === null ? 'not known now'
          : known.length === 0 ? html`<span class="state failed">not registered</span>`
          : known.map((b) => html`<div>${b.source ?? b.uri}${b.is_flow_lost ? ' (connection lost)' : ''}</div>`)}</td>
        <td>${known.map((b) => html`<div>${b.user_agent ?? ''}</div>`)}</td>
        <td>${known.map((b) => html`<div>${b.wall_expires_us === undefined ? ''
          : age(2 * Date.now() * 1000 - b.wall_expires_us)}</div>`)}</td></tr>`;
    })}</tbody></table></div>`}</section>`;
}

// The present month and the five before it, as the API calls them.
function months(): string[] {
  const now = new Date();
  return Array.from({ length: 6 }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7));
}

function monthly(name: string): TemplateResult {
  const path = `/v1/accounts/${encodeURIComponent(name)}/statement`;
  return html`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${months().map((month) => html`<tr><td class="strong">${month}</td>
      <td><a href="${path}?month=${month}&format=pdf" download>PDF</a></td>
      <td><a href="${path}?month=${month}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`;
}

function statement(detail: Detail, currency: string): TemplateResult {
  const rows = detail.transfers ?? [];
  return html`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${rows.length === 0 ? none(detail.transfers !== null, 'No entries.') : html`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr><td class="num left" title=${iso(row.wall_us)}>${time(row.wall_us)}</td>
      <td>${row.kind}</td><td class="num strong">${amount(row.amount, currency)}</td>
      <td>${row.actor}</td><td>${row.reason}</td></tr>`)}</tbody></table></div>`}</section>`;
}

function actions(detail: Detail, account: Account): TemplateResult {
  return html`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${(event: SubmitEvent) => void topUp(event, detail)}>
      <label>Amount in ${account.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Promotional credit</h2></div>
    <form class="stack" @submit=${(event: SubmitEvent) => void giveBonus(event, detail)}>
      <label>Amount in ${account.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="5.00" required></label>
      <label>Until the end of (UTC) <input name="day" type="date"></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Welcome"></label>
      <button>Give</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${(event: SubmitEvent) => { event.preventDefault();
      void suspend(detail, account, event.target as HTMLFormElement); }}>
      ${account.is_suspended
        ? html`<p>Suspended by ${account.suspended_by}: ${account.suspended_why}</p>
          <p>${account.wall_suspended_until_us === null ? 'It lasts until a person ends it.'
            : html`It ends by itself <span title=${iso(account.wall_suspended_until_us)}>at
              ${time(account.wall_suspended_until_us)}</span>, unless the rule renews it.`}</p><button>Resume</button>`
        : html`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${locking(detail, account)}</section>`;
}

export function account(name: string): TemplateResult {
  if (shown.name !== name) shown = empty(name);
  const detail = shown;
  if (Date.now() - detail.readAtMs > 5000) void readDetail(detail);
  const row = detail.account;
  const live = state.accounts.find((other) => other.name === name)?.balance ?? row?.balance;
  return html`<div class="head"><h1>${name}${row?.is_suspended === true
      ? html` <span class="tag bad">suspended</span>` : nothing}</h1><a href="#/accounts">All accounts</a></div>
    ${detail.failure === '' ? nothing : html`<p class="failure" role="alert">${detail.failure}</p>`}
    ${detail.refused === '' ? nothing : html`<p class="failure" role="alert">${detail.refused}</p>`}
    ${detail.said === '' ? nothing : html`<p class="said" role="status">${detail.said}</p>`}
    ${row === null ? nothing : html`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${amount(live?.balance, row.currency)}</dd></div>
          <div><dt>Available</dt><dd>${amount(live?.available, row.currency)}</dd></div>
          ${live?.lock ? html`<div><dt>Locked</dt><dd>${amount(live.locked, row.currency)}</dd></div>` : nothing}
          ${(live?.promotions ?? []).map((one) => html`<div><dt>Credit that expires</dt>
            <dd>${amount(one.left, row.currency)} <span title=${iso(one.wall_expires_us)}>until
              ${time(one.wall_expires_us)}</span></dd></div>`)}
          <div><dt>Set aside at the edge</dt><dd>${amount(live?.leased, row.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${amount(row.limit, row.currency)}</dd></div>
          <div><dt>Told when below</dt><dd>${live?.low_below == null ? 'never'
            : html`${amount(live.low_below, row.currency)}
              ${live.is_low ? html`<span class="tag bad">low</span>` : nothing}`}</dd></div>
          ${row.parent === null ? nothing : html`<div><dt>Sub-account of</dt><dd>${accountName(row.parent)}</dd></div>`}
          <div><dt>Kind and class</dt><dd>${row.kind}, ${row.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${row.channels_max ?? 'no limit'}</dd></div>
          <div><dt>Calls a second</dt><dd>${row.cps_max ?? 'no limit'}</dd></div></dl></section>
      ${isOperator() ? actions(detail, row) : nothing}</div>
      ${subAccounts(detail, row)}${lowBalances(detail.low, false)}${devices(detail)}${statement(detail, row.currency)}${monthly(name)}`}`;
}
