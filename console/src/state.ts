// What the console knows, and when it learned it. Events say that something changed; what is shown
// is always read from the API, so that a lost event costs a second, not a wrong table.

import { ask, get, Problem, setCsrf } from './api';
import type { Account, Ban, BanPage, Call, CallPage, Cdr, ExposureBy, ExposurePage, LowBalance, Page, Refusal, Session, Status, TrunkQuality } from './types';

export interface State {
  session: Session | null;
  isChecked: boolean;          // whether there is a session
  isFollowing: boolean;        // the stream of events is open
  calls: Call[]; callTotal: number; callsAsOfUs: number; callsStale: boolean;
  accounts: Account[]; areAccountsRead: boolean; accountsStale: boolean; accountsAsOfUs: number;
  cdrs: Cdr[]; refusals: Refusal[]; areRecordsRead: boolean;
  bans: Ban[];
  low: LowBalance[];           // the newest
  quality: TrunkQuality[];
  exposureBy: ExposureBy;
  exposure: ExposurePage | null; // null: not read yet
  trunkNames: Map<number, string>;
  status: Status | null;
  error: string;               // of the last reading; empty: all is well
  route: string[];             // of the address, after '#/'
  filter: string;
  shownMax: number;
  ending: Call | null;         // the call that the dialog asks about
  note: string;                // said once, to screen readers too
}

export const state: State = {
  session: null, isChecked: false, isFollowing: false,
  calls: [], callTotal: 0, callsAsOfUs: 0, callsStale: false,
  accounts: [], areAccountsRead: false, accountsStale: false, accountsAsOfUs: 0, cdrs: [], refusals: [], areRecordsRead: false, bans: [], low: [],
  quality: [], status: null,
  exposureBy: 'account', exposure: null, trunkNames: new Map(),
  error: '', route: [], filter: '', shownMax: 100, ending: null, note: '',
};

let redraw = (): void => {};
let isDrawn = true;
export function onChange(draw: () => void): void { redraw = draw; }

// Many changes in one moment are drawn once.
export function changed(): void {
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(() => { isDrawn = true; redraw(); });
}

export const isOperator = (): boolean => state.session?.role === 'operator';
export const accountName = (id: number | null): string =>
  state.accounts.find((account) => account.id === id)?.name ?? (id === null || id === 0 ? '' : '#' + id);

// ---- reading ----

async function attempt(read: () => Promise<void>): Promise<void> {
  try {
    await read();
    state.error = '';
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return leave();
    state.error = error instanceof Error ? error.message : String(error);
  }
  changed();
}

export const readCalls = (): Promise<void> => attempt(async () => {
  const page = await get<CallPage>('/v1/calls?max=1000');
  state.calls = page.items.sort((a, b) => b.wall_start_us - a.wall_start_us);
  state.callTotal = page.total;
  state.callsAsOfUs = page.as_of_wall_us;
  state.callsStale = page.is_stale;
});

export const readAccounts = (): Promise<void> => attempt(async () => {
  const page = await get<Page<Account>>('/v1/accounts?max=1000');
  state.accounts = page.items;
  state.areAccountsRead = true;
  state.accountsStale = page.is_stale === true;
  state.accountsAsOfUs = page.as_of_wall_us ?? 0;
});

export const readRecords = (): Promise<void> => attempt(async () => {
  const refusals = await get<Page<Refusal>>('/v1/refusals?max=50');
  state.refusals = refusals.items;
  state.cdrs = (await get<Page<Cdr>>('/v1/cdrs?max=50')).items;
  state.areRecordsRead = true;
});

export const readStatus = (): Promise<void> => attempt(async () => {
  if (isOperator()) state.status = await get<Status>('/v1/status');
});

// A reading that was overtaken by another choice is thrown away.
export const readExposure = (): Promise<void> => attempt(async () => {
  if (!isOperator()) return;
  const by = state.exposureBy;
  const page = await get<ExposurePage>(`/v1/exposure?by=${by}&max=1000`);
  if (by === state.exposureBy) state.exposure = page;
  if (by === 'trunk' && page.items.some((row) => row.trunk_id !== 0 && !state.trunkNames.has(row.trunk_id ?? 0))) {
    const trunks = await get<Page<{ id: number; name: string }>>('/v1/trunks?max=1000');
    state.trunkNames = new Map(trunks.items.map((trunk) => [trunk.id, trunk.name]));
  }
});

export const readBans = (): Promise<void> => attempt(async () => {
  if (isOperator()) state.bans = (await get<BanPage>('/v1/bans')).items;
});

export const readLow = (): Promise<void> => attempt(async () => {
  if (isOperator()) state.low = (await get<Page<LowBalance>>('/v1/low-balances?max=10')).items;
});

export const readQuality = (): Promise<void> => attempt(async () => {
  if (isOperator()) state.quality = (await get<Page<TrunkQuality>>('/v1/trunk-quality?max=1000')).items;
});

const waiting = new Set<() => Promise<void>>();
function soon(read: () => Promise<void>, delayMs: number): void {
  if (waiting.has(read)) return;
  waiting.add(read);
  setTimeout(() => { waiting.delete(read); if (state.session !== null) void read(); }, delayMs);
}

// ---- following ----

let source: EventSource | null = null;

function follow(): void {
  source?.close();
  source = new EventSource('/v1/events');
  const on = (kinds: string[], act: () => void): void => {
    for (const kind of kinds) source?.addEventListener(kind, act);
  };
  source.addEventListener('open', () => { state.isFollowing = true; readAll(); });
  source.addEventListener('error', () => { state.isFollowing = false; changed(); });
  on(['call.started', 'call.ringing', 'call.answered'], () => soon(readCalls, 200));
  on(['call.ended'], () => { soon(readCalls, 200); soon(readExposure, 1000); soon(readRecords, 1500); });
  on(['refusal'], () => soon(readRecords, 400));
  on(['balance', 'config'], () => soon(readAccounts, 300));
  on(['registered', 'unregistered', 'store', 'edge', 'alarm', 'fraud.suspected', 'fraud.over'], () => soon(readStatus, 300));
  on(['balance.low'], () => { soon(readLow, 300); soon(readAccounts, 300); });
  on(['ban.begun', 'ban.prolonged', 'ban.over', 'ban.lifted'], () => soon(readBans, 300));
  on(['lost'], readAll);
}

function readAll(): void {
  for (const read of [readStatus, readAccounts, readCalls, readRecords, readBans, readLow, readQuality, readExposure]) void read();
}

// A slow look at everything: what no event tells, and the truth should one be lost.
setInterval(() => {
  if (state.session === null || document.hidden) return;
  void readStatus();
  void readCalls();
  void readExposure();
}, 5000);
setInterval(() => {
  if (state.session === null || document.hidden) return;
  void readAccounts();
  void readRecords();
  void readBans();
  void readLow();
  void readQuality();
}, 15000);

// ---- coming and going ----

export function enter(session: Session): void {
  state.session = session;
  state.isChecked = true;
  setCsrf(session.csrf);
  follow();
  changed();
}

// What pages have read goes with the page: who logs in next may be somebody else.
export function leave(): void {
  source?.close();
  source = null;
  if (state.session !== null) location.reload();
  Object.assign(state, { session: null, isChecked: true, isFollowing: false, status: null,
    calls: [], callsAsOfUs: 0, accounts: [], areAccountsRead: false, cdrs: [], refusals: [], areRecordsRead: false, bans: [], low: [], quality: [], exposure: null, ending: null, error: '' });
  changed();
}

export async function resume(): Promise<void> {
  try {
    enter(await get<Session>('/v1/session'));
  } catch {
    leave();
  }
}

export async function logOut(): Promise<void> {
  try {
    await ask('DELETE', '/v1/session');
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) { // the cookie is good until it is ended
      say(`You are still logged in: ${error instanceof Error ? error.message : String(error)}`);
      return changed();
    }
  }
  leave();
}

const NOTE_MS = 6000;

function say(text: string): void {
  state.note = text;
  setTimeout(() => { if (state.note === text) { state.note = ''; changed(); } }, NOTE_MS);
}

export async function endCall(call: Call): Promise<void> {
  try {
    await ask('DELETE', '/v1/calls/' + call.key);
    say(`The call from ${call.caller} to ${call.callee} was ended.`);
  } catch (error) {
    say(error instanceof Problem && error.status === 404
      ? 'That call was over already.' : `It could not be ended: ${String(error)}`);
  }
  state.ending = null;
  await readCalls();
}

export async function liftBan(ban: Ban): Promise<void> {
  try {
    await ask('DELETE', '/v1/bans/' + encodeURIComponent(ban.source.replace(/\/64$/, '')));
    say(`${ban.source} is heard again.`);
  } catch (error) {
    say(error instanceof Problem && error.status === 404
      ? 'That ban was over already.' : `It could not be lifted: ${String(error)}`);
  }
  await readBans();
}
