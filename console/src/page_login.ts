import { html, nothing, type TemplateResult } from 'lit-html';
import { ask, Problem } from './api';
import { changed, enter } from './state';
import type { Session } from './types';

let failure = '';
let isBusy = false;

async function submit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = new FormData(event.target as HTMLFormElement);
  const name = String(form.get('name') ?? '').trim();
  const password = String(form.get('password') ?? '');
  isBusy = true;
  changed();
  try {
    // Without a name, the password field may hold an API key.
    enter(await ask<Session>('POST', '/v1/session', name === '' ? { key: password } : { name, password }));
    failure = '';
  } catch (error) {
    failure = error instanceof Problem ? error.message : String(error);
  }
  isBusy = false;
  changed();
}

export function login(): TemplateResult {
  return html`<div class="login">
    <form class="card" @submit=${(event: SubmitEvent) => void submit(event)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${failure === '' ? nothing : html`<p class="failure" role="alert">${failure}</p>`}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? 'Checking…' : 'Log in'}</button>
    </form>
  </div>`;
}
