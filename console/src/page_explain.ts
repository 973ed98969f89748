// How a call would be routed, priced and limited, and why: asked of the edge, from its own memory.

import { html, nothing, type TemplateResult } from 'lit-html';
import { get } from './api';
import { changed, state } from './state';
import type { Explanation } from './types';

let answer: Explanation | null = null;
let failure = '';

async function submit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const data = new FormData(event.target as HTMLFormElement);
  const kind = String(data.get('kind'));
  const query = new URLSearchParams({ [kind]: String(data.get('who')).trim(), number: String(data.get('number')).trim() });
  try {
    answer = await get<Explanation>('/v1/explain?' + query.toString());
    failure = '';
  } catch (error) {
    answer = null;
    failure = error instanceof Error ? error.message : String(error);
  }
  changed();
}

function value(of: unknown): TemplateResult | string {
  if (of === null || of === undefined || of === '') return '–';
  if (Array.isArray(of)) return html`<ol>${of.map((part) => html`<li>${value(part)}</li>`)}</ol>`;
  if (typeof of === 'object') return facts(of as Record<string, unknown>);
  return String(of);
}

function facts(of: Record<string, unknown>): TemplateResult {
  return html`<dl class="facts">${Object.entries(of).map(([name, part]) => html`<div>
    <dt>${name.replaceAll('_', ' ')}</dt><dd>${value(part)}</dd></div>`)}</dl>`;
}

function verdict(found: Explanation): TemplateResult {
  const text = found.would === 'connect' ? 'The call would connect.'
    : found.would === 'ask' ? 'The call would ask the ledger for money first, and connect if there is enough.'
    : `The call would be refused: ${found.status ?? ''} ${found.reason ?? ''}`;
  return html`<p class=${found.would === 'refuse' ? 'failure' : 'said'} role="status">${text}</p>
    ${found.why === undefined ? nothing : html`<p>${found.why}</p>`}`;
}

export function explain(): TemplateResult {
  return html`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${(event: SubmitEvent) => void submit(event)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${state.accounts.map((row) => html`<option value=${row.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${failure === '' ? nothing : html`<p class="failure" role="alert">${failure}</p>`}
    ${answer === null ? nothing : html`${verdict(answer)}<div class="columns">
      <div><h2>Route and price</h2>${facts(answer.plan)}</div>
      ${answer.lease === undefined ? nothing : html`<div><h2>Money at the edge</h2>${facts(answer.lease)}</div>`}
      ${answer.limits === undefined ? nothing : html`<div><h2>Limits</h2>${facts(answer.limits)}</div>`}</div>`}
  </section>`;
}
