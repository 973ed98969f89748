// Decks: which version is in force, what another one would change, and making it so. A new file is
// reported on first, and put in force only when somebody has seen that.

import { html, nothing, type TemplateResult } from 'lit-html';
import { ask, get, Problem, send, type BadRow } from './api';
import { changed } from './state';
import { amount, count, empty as none, iso, price, time } from './format';
import type { Deck, DeckCounts, DeckDiff, DeckPrice, DeckVersion, Page } from './types';

interface Shown {
  name: string; isRead: boolean; versions: DeckVersion[]; next: string | null; failure: string; said: string;
  badRows: BadRow[]; // of the last file
  isBusy: boolean; diff: DeckDiff | null; file: File | null; // of the report: a file that is not imported yet
}
const list: { decks: Deck[]; isRead: boolean; isKnown: boolean; failure: string } = { decks: [], isRead: false, isKnown: false, failure: '' };
let shown = empty('');

function empty(name: string): Shown {
  return { name, isRead: false, versions: [], next: null, failure: '', said: '', badRows: [], isBusy: false, diff: null, file: null };
}

const sentence = (error: unknown): string => error instanceof Error ? error.message : String(error);
const pathOf = (name: string): string => '/v1/decks/' + encodeURIComponent(name);

async function readDecks(): Promise<void> {
  list.isRead = true;
  try {
    list.decks = (await get<Page<Deck>>('/v1/decks?max=1000')).items;
    list.isKnown = true;
    list.failure = '';
  } catch (error) { list.failure = sentence(error); }
  changed();
}

async function readVersions(deck: Shown, cursor: string | null): Promise<void> {
  deck.isRead = true;
  const page = await get<Page<DeckVersion>>(`${pathOf(deck.name)}/versions?max=20${cursor === null ? '' : '&cursor=' + cursor}`);
  deck.versions = cursor === null ? page.items : [...deck.versions, ...page.items];
  deck.next = page.next;
}

// One thing at a time; what goes wrong is said, and leaves the rest as it was.
async function act(deck: Shown, work: () => Promise<void>): Promise<void> {
  if (deck.isBusy) return;
  deck.isBusy = true;
  deck.said = '';
  deck.badRows = [];
  changed();
  try {
    await work();
    deck.failure = '';
  } catch (error) {
    deck.failure = sentence(error);
    deck.badRows = error instanceof Problem ? error.rows : [];
  }
  deck.isBusy = false;
  changed();
}

const isMessages = (deck: Shown): boolean => list.decks.find((other) => other.name === deck.name)?.prices_of === 'messages';
const live = (deck: Shown): DeckVersion | undefined => deck.versions.find((version) => version.is_live);

const compare = (deck: Shown, to: DeckVersion): Promise<void> => act(deck, async () => {
  const from = live(deck) ?? (await get<Deck>(pathOf(deck.name)));
  deck.file = null;
  deck.diff = await get<DeckDiff>(`${pathOf(deck.name)}/diff?from=${from.deck_version}&to=${to.deck_version}&max=200`);
});

const look = (deck: Shown, file: File): Promise<void> => act(deck, async () => {
  deck.diff = await send<DeckDiff>(`/v1/decks?name=${encodeURIComponent(deck.name)}&dry_run=true&max=200`, file);
  deck.file = file;
});

const makeLive = (deck: Shown, diff: DeckDiff): Promise<void> => act(deck, async () => {
  const file = deck.file;
  const now = await get<Deck>(pathOf(deck.name));
  if (now.deck_version !== diff.from) {
    deck.diff = deck.file = null;
    await readVersions(deck, null);
    throw new Error(`Version ${now.deck_version} came in force meanwhile. Nothing was changed: look again.`);
  }
  const made = file === null ? await ask<Deck>('POST', `${pathOf(deck.name)}/rollback?version=${diff.to}`)
    : await send<Deck>(`/v1/decks?name=${encodeURIComponent(deck.name)}`, file);
  deck.diff = deck.file = null;
  deck.said = `Version ${made.deck_version} is in force; calls in progress keep their price.`;
  await readVersions(deck, null);
  await readDecks();
});

// ---- what would change ----

function priced(of: DeckPrice | null, isOfMessages: boolean): TemplateResult | string {
  if (of === null) return '–';
  if (isOfMessages) return price(of.per_minute); // a segment has no seconds
  const fee = Number(of.connection_fee) === 0 ? '' : `, ${amount(of.connection_fee)} at once`;
  return html`${price(of.per_minute)} <small>${of.first_increment}/${of.next_increment} s${fee}</small>`;
}

function counts(of: DeckCounts): string {
  return [[of.up, 'dearer'], [of.down, 'cheaper'], [of.mixed, 'mixed'], [of.new, 'new'], [of.gone, 'gone'], [of.same, 'the same']]
    .filter(([many]) => many !== 0).map(([many, what]) => `${count(many as number)} ${what}`).join(', ') || 'nothing';
}

const changes: Record<string, string> = { up: 'dearer', down: 'cheaper', mixed: 'mixed', new: 'new', gone: 'gone' };

function report(deck: Shown, diff: DeckDiff): TemplateResult {
  const traffic = diff.traffic;
  const isOfMessages = isMessages(deck);
  const unit = isOfMessages ? 'a segment' : 'a minute';
  const calls = traffic.calls === 0 ? 'No calls were priced by this deck.'
    : `${count(traffic.calls)} calls: ${amount(traffic.before, diff.currency)} before, ${amount(traffic.after, diff.currency)} after`
      + ` (${amount(traffic.difference, diff.currency)})${traffic.unpriced === 0 ? '' : `; ${count(traffic.unpriced)} would have no price`}`
      + (traffic.is_partial ? '. Only a part was read.' : '.');
  return html`<section class="card wide" aria-labelledby="diff-title" id="deck-diff">
    <div class="head"><h2 id="diff-title">From version ${diff.from ?? 'none'} to
      ${deck.file === null ? `version ${diff.to}` : `the file ${deck.file.name}`}</h2></div>
    <dl class="facts"><div><dt>Prefixes</dt><dd>${counts(diff.counts)}</dd></div>
      ${diff.later.map((later) => html`<div><dt title=${iso(later.wall_us)}>From ${time(later.wall_us)}</dt>
        <dd>${counts(later.counts)}</dd></div>`)}
      <div><dt>Calls of the last 7 days</dt><dd>${calls}</dd></div></dl>
    ${diff.changes.length === 0 ? nothing : html`<div class="scroll"><table><thead><tr><th scope="col">Prefix</th>
      <th scope="col">Destination</th><th scope="col">Change</th>
      <th scope="col" class="num">Before, ${unit}</th><th scope="col" class="num">After, ${unit}</th></tr></thead>
      <tbody>${diff.changes.map((row) => html`<tr><td class="strong">${row.prefix}</td><td>${row.description}</td>
        <td><span class="tag ${row.change === 'up' || row.change === 'gone' ? 'bad' : ''}">${changes[row.change] ?? row.change}</span></td>
        <td class="num">${priced(row.before, isOfMessages)}</td><td class="num strong">${priced(row.after, isOfMessages)}</td></tr>`)}</tbody></table></div>`}
    ${diff.is_cut ? html`<p>More changes than are listed.</p>` : nothing}
    <p class="more"><button class="small" @click=${() => { deck.diff = deck.file = null; changed(); }}>Leave it</button>
      <button class="primary" ?disabled=${deck.isBusy} @click=${() => void makeLive(deck, diff)}>Make it live</button></p></section>`;
}

// ---- pages ----

function versions(deck: Shown): TemplateResult {
  return html`<section class="card wide" aria-labelledby="versions-title">
    <div class="head"><h2 id="versions-title">Versions</h2></div>
    <div class="scroll"><table class="versions"><thead><tr><th scope="col">Version</th><th scope="col">Imported</th>
      <th scope="col" class="num">Prefixes</th><th scope="col"><span class="sr">Act</span></th></tr></thead>
    <tbody>${deck.versions.map((row) => html`<tr data-version=${row.deck_version}>
      <td class="strong">${row.deck_version} ${row.is_live ? html`<span class="tag">in force</span>` : nothing}</td>
      <td class="num left" title=${iso(row.wall_imported_us)}>${time(row.wall_imported_us)}</td>
      <td class="num">${count(row.prefix_count)}</td>
      <td class="act"><a href="${pathOf(deck.name)}/csv?version=${row.deck_version}" download>CSV</a>
        ${row.is_live ? nothing : html`<button class="small" ?disabled=${deck.isBusy}
          @click=${() => void compare(deck, row)} aria-label="What would change with version ${row.deck_version}">Compare</button>`}</td></tr>`)}</tbody></table></div>
    ${deck.next === null ? nothing : html`<p class="more"><button class="small"
      @click=${() => void act(deck, () => readVersions(deck, deck.next))}>Show older</button></p>`}
    <form class="filters" @submit=${(event: SubmitEvent) => { event.preventDefault();
      const file = new FormData(event.target as HTMLFormElement).get('file');
      if (file instanceof File && file.size > 0) void look(deck, file); }}>
      <label>New prices <input type="file" name="file" accept=".csv,text/csv" required></label>
      <button ?disabled=${deck.isBusy}>${deck.isBusy ? 'One moment…' : 'What would change'}</button>
    </form></section>`;
}

function one(name: string): TemplateResult {
  if (shown.name !== name) shown = empty(name);
  const deck = shown;
  if (!deck.isRead) {
    deck.isRead = true;
    void act(deck, () => readVersions(deck, null));
  }
  const row = list.decks.find((other) => other.name === name);
  return html`<div class="head"><h1>${name}</h1><button class="small" ?disabled=${deck.isBusy}
      @click=${() => void act(deck, () => readVersions(deck, null))}>Read again</button><a href="#/decks">All decks</a></div>
    ${row === undefined ? nothing : html`<p class="about">${row.prices_of === 'messages' ? 'Messages' : 'Calls'} in ${row.currency}, rounded ${row.rounding}; windows in ${row.time_zone}.</p>`}
    ${deck.failure === '' ? nothing : html`<div class="failure" role="alert">${deck.failure}${deck.badRows.map((row) =>
      html`<div>Line ${row.line}: ${row.text}</div>`)}</div>`}
    ${deck.said === '' ? nothing : html`<p class="said" role="status">${deck.said}</p>`}
    ${deck.diff === null ? nothing : report(deck, deck.diff)}${versions(deck)}`;
}

export function decks(name: string | undefined): TemplateResult {
  if (!list.isRead) void readDecks();
  if (name !== undefined) return one(name);
  return html`<section class="card wide"><div class="head"><h1>Decks</h1>
      <button class="small" @click=${() => void readDecks()}>Read again</button></div>
    ${list.failure === '' ? nothing : html`<p class="failure" role="alert">${list.failure}</p>`}
    ${list.decks.length === 0 ? none(list.isKnown, 'No decks.') : html`<div class="scroll"><table><thead><tr>
      <th scope="col">Name</th><th scope="col">Prices of</th><th scope="col">Currency</th><th scope="col" class="num">In force</th>
      <th scope="col">Imported</th><th scope="col" class="num">Prefixes</th></tr></thead>
    <tbody>${list.decks.map((row) => html`<tr><td class="strong"><a href="#/decks/${row.name}">${row.name}</a></td>
      <td>${row.prices_of}</td><td>${row.currency}</td><td class="num">version ${row.deck_version}</td>
      <td class="num left" title=${iso(row.wall_imported_us)}>${time(row.wall_imported_us)}</td>
      <td class="num">${count(row.prefix_count)}</td></tr>`)}</tbody></table></div>`}</section>`;
}
