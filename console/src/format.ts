// Values as people read them. Amounts stay texts; they become numbers only to be shown ticking.

import { html, type TemplateResult } from 'lit-html';

const numbers = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const fine = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 4 });
const exact = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 9 });
const whole = new Intl.NumberFormat('en');

export function amount(text: string | number | null | undefined, currency = ''): string {
  if (text === null || text === undefined || text === '') return '–';
  const value = Number(text);
  // Cents would hide what a cheap call costs.
  const format = value !== 0 && Math.abs(value) < 0.1 ? fine : numbers;
  return (currency === '' ? '' : currency + ' ') + format.format(Object.is(value, -0) ? 0 : value);
}

// All digits that a deck may have: of two prices that differ, one is not shown as the other.
export function price(text: string | number): string { return exact.format(Number(text)); }
export function count(value: number | undefined): string { return value === undefined ? '–' : whole.format(value); }

export function duration(us: number): string {
  const s = Math.max(0, Math.floor(us / 1e6));
  const two = (n: number): string => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return (h > 0 ? h + ':' + two(Math.floor(s / 60) % 60) : String(Math.floor(s / 60))) + ':' + two(s % 60);
}

export function time(wallUs: number): string {
  const date = new Date(wallUs / 1000);
  const today = new Date().toDateString() === date.toDateString();
  return today ? date.toLocaleTimeString('en-GB') : date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

export function iso(wallUs: number): string { return new Date(wallUs / 1000).toISOString(); }

export function age(wallUs: number, nowMs = Date.now()): string {
  const s = Math.max(0, Math.round(nowMs / 1000 - wallUs / 1e6));
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min';
  if (s < 86400) return Math.floor(s / 3600) + ' h';
  return Math.floor(s / 86400) + ' d';
}

// In the place of rows. That a list could not be read does not make it empty.
export function empty(isKnown: boolean, text: string): TemplateResult {
  return html`<p class="empty">${isKnown ? text : 'Not known now.'}</p>`;
}
