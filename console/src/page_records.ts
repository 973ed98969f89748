// Call records and refusals: tables, with filters and pages of their own.

import { html, nothing, type TemplateResult } from 'lit-html';
import { get } from './api';
import { accountName, changed, state } from './state';
import { amount, duration, empty, iso, time } from './format';
import type { Cdr, Page, Refusal } from './types';

export function cdrTable(rows: Cdr[], isKnown: boolean): TemplateResult {
  if (rows.length === 0) return empty(isKnown, 'No calls yet.');
  return html`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr>
      <td class="num left" title=${iso(row.wall_end_us)}>${time(row.wall_end_us)}</td>
      <td class="strong">${row.caller}</td><td class="strong">${row.callee}</td>
      <td>${accountName(row.account_id) || '–'}</td>
      <td class="num">${row.wall_answer_us > 0 ? duration(row.talk_us) : '–'}</td>
      <td class="num strong">${amount(row.charge, row.currency)}</td>
      <td>${row.wall_answer_us > 0 ? html`<span class="state answered">${row.end}</span>`
        : html`<span class="state failed">${row.status} ${row.reason}</span>`}
        ${row.flags.filter((flag) => flag !== 'answered').map((flag) => html` <span class="tag ${flag}">${flag}</span>`)}</td>
    </tr>`)}</tbody></table></div>`;
}

export function refusalTable(rows: Refusal[], isKnown: boolean): TemplateResult {
  if (rows.length === 0) return empty(isKnown, 'Nobody was refused.');
  return html`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr>
      <td class="num left" title=${iso(row.wall_us)}>${time(row.wall_us)}</td>
      <td class="strong">${row.caller ?? ''}<small>${accountName(row.account_id)}</small></td>
      <td class="strong">${row.callee ?? ''}</td>
      <td><span class="state failed">${row.status ?? ''} ${row.reason ?? ''}</span><small>${row.why ?? ''}</small></td>
    </tr>`)}</tbody></table></div>`;
}

// ---- pages ----

interface Listing<T> { rows: T[]; next: string | null; query: string; isRead: boolean; isKnown: boolean; failure: string }
const cdrs: Listing<Cdr> = { rows: [], next: null, query: '', isRead: false, isKnown: false, failure: '' };
const refused: Listing<Refusal> = { rows: [], next: null, query: '', isRead: false, isKnown: false, failure: '' };

async function read<T>(path: string, list: Listing<T>, query: string, cursor: string | null): Promise<void> {
  list.isRead = true;
  list.query = query;
  try {
    const more = cursor === null ? '' : '&cursor=' + cursor;
    const page = await get<Page<T>>(`${path}?max=100${query}${more}`);
    list.rows = cursor === null ? page.items : [...list.rows, ...page.items];
    list.next = page.next;
    list.isKnown = true;
    list.failure = '';
  } catch (error) {
    if (cursor === null) Object.assign(list, { rows: [], next: null, isKnown: false }); // those there answered another question
    list.failure = error instanceof Error ? error.message : String(error);
  }
  changed();
}

function queryOf(form: HTMLFormElement): string {
  let query = '';
  for (const [name, value] of new FormData(form)) {
    const text = String(value).trim();
    if (text !== '') {
      const sent = name === 'from' || name === 'to' ? new Date(text).toISOString().replace(/\.\d+/, '') : text;
      query += `&${name}=${encodeURIComponent(sent)}`;
    }
  }
  return query;
}

function more<T>(path: string, list: Listing<T>): TemplateResult {
  return html`${list.failure === '' ? nothing : html`<p class="failure" role="alert">${list.failure}</p>`}
    ${list.next === null ? nothing : html`<p class="more"><button class="small"
      @click=${() => void read(path, list, list.query, list.next)}>Show older</button></p>`}`;
}

const accountChoice = (): TemplateResult => html`<label>Account <select name="account"><option value="">all</option>
  ${state.accounts.map((account) => html`<option>${account.name}</option>`)}</select></label>`;

export function records(): TemplateResult {
  if (!cdrs.isRead) void read('/v1/cdrs', cdrs, '', null);
  return html`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${(event: SubmitEvent) => { event.preventDefault();
      void read('/v1/cdrs', cdrs, queryOf(event.target as HTMLFormElement), null); }}>
      ${accountChoice()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${cdrTable(cdrs.rows, cdrs.isKnown)}${more('/v1/cdrs', cdrs)}</section>`;
}

export function refusals(): TemplateResult {
  if (!refused.isRead) void read('/v1/refusals', refused, '', null);
  return html`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${(event: SubmitEvent) => { event.preventDefault();
      void read('/v1/refusals', refused, queryOf(event.target as HTMLFormElement), null); }}>
      ${accountChoice()}<button class="primary">Search</button>
    </form>${refusalTable(refused.rows, refused.isKnown)}${more('/v1/refusals', refused)}</section>`;
}
