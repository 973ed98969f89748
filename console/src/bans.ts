// Sources that guessed and are not heard for a while. An operator may lift a ban; there is no undo
// to ask for: a source that goes on guessing is banned again by itself.

import { html, nothing, type TemplateResult } from 'lit-html';
import { liftBan, state } from './state';
import { count, iso, time } from './format';
import type { Ban } from './types';

const SHOWN_MAX = 50;

function row(ban: Ban): TemplateResult {
  return html`<tr data-source=${ban.source}>
    <td class="strong">${ban.source}${ban.has_customers
      ? html` <span class="tag" title="They are heard all the same">customers behind it</span>` : nothing}</td>
    <td>${ban.reason}${ban.actor === null ? nothing : html` <small>by ${ban.actor}</small>`}</td>
    <td class="num" title=${iso(ban.wall_until_us)}>${time(ban.wall_until_us)}</td>
    <td class="num">${count(ban.level + 1)}</td>
    <td class="num">${count(ban.dropped)}</td>
    <td class="act"><button class="small" @click=${() => void liftBan(ban)}
      aria-label="Lift the ban of ${ban.source}">Lift</button></td></tr>`;
}

export function bans(): TemplateResult | typeof nothing {
  if (state.bans.length === 0) return nothing;
  const heads = ['Until', 'Times', 'Dropped'];
  return html`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${count(state.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${heads.map((head) => html`<th scope="col" class="num">${head}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${state.bans.slice(0, SHOWN_MAX).map(row)}</tbody></table></div>
  </section>`;
}
