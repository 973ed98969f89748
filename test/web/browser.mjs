// The console in Chromium beside a played edge: logs in, sees a call, ends it
// by the button and the keyboard, sees an edge that does not answer, and a thousand calls.
//
//     node browser.mjs WEB_HOST [SCREENSHOT_DIRECTORY]
import assert from 'node:assert/strict';
import { Browser, complaints, ended, start, until } from './webdriver.mjs';

const [hostPath, shots] = process.argv.slice(2);
async function logsIn(browser, base, host) {
  await browser.go(base + '/');
  await until('log-in form', () => browser.count('.login form'));
  await browser.type('input[name=name]', host.name);
  await browser.type('input[name=password]', 'wrong password');
  await browser.click('.login button');
  await until('a wrong password is refused', () => browser.count('.login .failure'));
  await browser.shot('login');
  await browser.run('() => { for (const i of document.querySelectorAll(".login input")) i.value = ""; }');
  await browser.type('input[name=name]', host.name);
  await browser.type('input[name=password]', host.password);
  await browser.click('.login button');
  await until('live view', () => browser.count('table.calls'));
}

async function seesCalls(browser) {
  await until('two calls', async () => await browser.count('table.calls tbody tr') === 2);
  assert.match(await browser.text('table.calls tbody'), /alice0/);
  await until('money left', async () => /2[0-9]\.[0-9]{2}/.test(await browser.text('table.calls tbody tr')));
  await until('balances', async () => /25\.00/.test(await browser.text('main')));
  const cost = '() => document.querySelector("table.calls tbody tr:nth-child(1) td:nth-child(8)").innerText';
  const before = await browser.run(cost);
  await until('the cost ticks', async () => await browser.run(cost) !== before);
  await until('refusals with reasons', async () => /no-credit/.test(await browser.text('main')));
  await browser.shot('live');
}

async function endsACall(browser) {
  const row = 'tr[data-key="0000000000000001"]';
  await browser.click(`${row} button`);
  await until('dialog', () => browser.count('dialog[open]'));
  await browser.shot('confirm');
  await browser.keys('\uE00C'); // Escape leaves the call alone
  await until('no dialog', async () => await browser.count('dialog') === 0);
  assert.equal(await browser.count(row), 1);
  await browser.click(`${row} button`);
  await until('dialog', () => browser.count('dialog[open]'));
  await browser.keys('\uE004'); // Tab: from Cancel to End
  await browser.keys('\uE007'); // Enter
  await until('the call is gone', async () => await browser.count(row) === 0);
  assert.match(await browser.text('.toast'), /was ended/);
}

async function liftsABan(browser) {
  const row = 'tr[data-source="192.0.2.66"]';
  await until('a banned source', () => browser.count(row));
  assert.match(await browser.text(row), /users-tried/);
  await browser.shot('bans');
  await browser.click(`${row} button`);
  await until('the ban is lifted', async () => await browser.count(row) === 0);
  assert.match(await browser.text('.toast'), /heard again/);
}

async function showsAlerts(browser) {
  const row = 'table.alerts tr[data-account="acme"]';
  await until('a suspicion of fraud', () => browser.count(row));
  assert.match(await browser.text(row), /hot destinations/);
  assert.match(await browser.text(row), /8821/);
  await browser.shot('alerts');
}

async function showsValueAtRisk(browser) {
  const table = 'table.exposure tbody';
  await until('value at risk', async () => /acme/.test(await browser.text(table)));
  assert.match(await browser.text(table), /3\s+2\s+EUR 0\.33/);
  await browser.click('select.pick option[value=destination]');
  await until('destinations', async () => /49…/.test(await browser.text(table)));
  await browser.shot('exposure');
}

async function showsAccounts(browser, base) {
  await browser.go(base + '/#/accounts/acme');
  await until('endpoints', async () => /alice.*SHA-256 only/s.test(await browser.text('main')));
  await until('bindings', async () => /5070|test/.test(await browser.text('main')));
  await browser.type('input[name=amount]', '5.50');
  await browser.run(`() => { const whole = window.fetch; window.fetch = async (path, init) => {
    const answer = await whole(path, init);
    if (!path.endsWith('/topups')) return answer;
    window.fetch = whole;
    return new Response(new ReadableStream({ start: (body) => body.error(new TypeError('cut off')) }), { status: 201 }); }; }`);
  await browser.click('form.stack button.primary');
  await until('an answer that is cut off is none', async () => /does not answer/.test(await browser.text('.failure')));
  await browser.click('form.stack button.primary'); // again, which is not twice
  await until('it is said to be done', () => browser.count('.said'));
  await until('topped up', async () => /30\.50/.test(await browser.text('main')));
  await browser.shot('account');
  await browser.go(base + '/#/accounts/bravo');
  await until('a low balance', async () => /EUR 10\.00\s+EUR 20\.00\s+noted/.test(await browser.text('table.low')));
  await until('a threshold', async () => /EUR 20\.00\s+low/i.test(await browser.text('dl.facts')));
  await until('the end of a suspension', async () => /ends by itself/.test(await browser.text('main')));
  await browser.shot('low');
  await browser.go(base + '/#/explain');
  await browser.type('input[name=who]', 'acme');
  await browser.type('input[name=number]', '4930');
  await browser.click('form.filters button.primary');
  await until('explained', async () => /would connect/.test(await browser.text('main')));
  await browser.shot('explain');
  for (const page of ['accounts', 'cdrs', 'refusals']) {
    await browser.go(`${base}/#/${page}`);
    await until(page, () => browser.count('main h1'));
    await browser.shot(page);
  }
  await browser.go(base + '/#/');
}

// What could not be read is not said to be empty.
async function knowsWhatItDoesNotKnow(browser, base) {
  await browser.run(`() => { window.whole = window.fetch; window.fetch = async (path, init) =>
    /v1.(decks|cdrs.max=100|refusals.max=100|endpoints|accounts.acme.transfers)/.test(path)
      ? new Response('{"detail":"The ledger is silent."}', { status: 503 }) : window.whole(path, init); }`);
  for (const page of ['decks', 'decks/retail', 'cdrs', 'refusals', 'accounts/acme']) {
    await browser.go(`${base}/#/${page}`);
    await until(`${page} says why`, async () => /The ledger is silent/.test(await browser.text('main .failure')));
    const text = await browser.text('main');
    assert.doesNotMatch(text, /No decks|No calls yet|Nobody was refused|No endpoints|No entries/, page);
  }
  await browser.shot('silent');
  await browser.run('() => { window.fetch = window.whole; }');
  await browser.go(base + '/#/decks/retail');
  await browser.click('.head button');
  await until('it is read again', async () => /in force/.test(await browser.text('table.versions')));
  await browser.go(base + '/#/decks');
  await browser.click('.head button');
  await until('so is the list', async () => /retail/.test(await browser.text('main')));
  await browser.go(base + '/#/');
}

// A version is reported on before it is live, and so is a file.
async function changesDecks(browser, base) {
  const inForce = async () => /^2 in force/m.test(await browser.text('table.versions'));
  await browser.go(base + '/#/decks/retail');
  await until('version 2', inForce);
  await browser.click('tr[data-version="1"] button');
  await until('a report', () => browser.count('#deck-diff'));
  assert.match(await browser.text('#deck-diff'), /1 cheaper, 1 new, 1 gone/);
  assert.match(await browser.text('#deck-diff tbody'), /44\s+Britain\s+new/);
  await browser.shot('deck-diff');
  assert.ok(await inForce(), 'a report changes nothing');
  await browser.click('#deck-diff .primary');
  await until('the old version is back', async () => /^1 in force/m.test(await browser.text('table.versions')));
  await browser.run(`() => { const data = new DataTransfer();
    data.items.add(new File(['prefix,description,rate\\n49,Germany,0.02\\n'], 'new.csv', { type: 'text/csv' }));
    document.querySelector('input[type=file]').files = data.files; }`);
  await browser.click('form.filters button');
  await until('a report on the file', async () => /the file new.csv/.test(await browser.text('#deck-diff h2')));
  assert.match(await browser.text('#deck-diff'), /1 dearer, 1 gone/);
  await browser.click('#deck-diff .primary');
  await until('version 3', async () => /^3 in force/m.test(await browser.text('table.versions')));
  await browser.run(`() => { const data = new DataTransfer();
    data.items.add(new File(['prefix,rate\\n49,0.02\\n49x,cheap\\n'], 'bad.csv', { type: 'text/csv' }));
    document.querySelector('input[type=file]').files = data.files; }`);
  await browser.click('form.filters button');
  await until('a bad file is refused', async () => /Line 3:/.test(await browser.text('.failure')));
  await browser.size(390, 844);
  await browser.shot('decks-phone');
  await browser.size(1440, 1000);
  await browser.dark(true);
  await browser.shot('decks-dark');
  await browser.dark(false);
  await browser.go(base + '/#/decks');
  await until('decks', async () => /retail\s+calls\s+EUR\s+version 3/.test(await browser.text('main')));
  await browser.shot('decks');
  await browser.go(base + '/#/');
}

async function survivesTheEdge(browser, host) {
  host.child.stdin.write('edge down\n');
  await until('age is shown', async () => /as of/.test(await browser.text('.bar')), 20000);
  assert.equal(await browser.count('table.calls tbody tr'), 1);
  await browser.shot('edge-down');
  host.child.stdin.write('edge up\n');
  await until('age is gone', async () => !/as of/.test(await browser.text('.bar')), 20000);
}

async function carriesAThousand(browser, host) {
  host.child.stdin.write('calls 1000\n');
  await until('a thousand', async () => /999|1,000/.test(await browser.text('#calls-title .count')), 20000);
  const rows = await browser.count('table.calls tbody tr');
  assert.ok(rows > 0 && rows <= 100, `${rows} rows are drawn`);
  await browser.type('input[type=search]', 'alice77');
  await until('filtered', async () => await browser.count('table.calls tbody tr') === 11);
  await browser.run('() => { const i = document.querySelector("input[type=search]"); i.value = ""; i.dispatchEvent(new Event("input")); }');
  await browser.size(390, 844);
  assert.equal(await browser.run('() => document.documentElement.scrollWidth'), 390, 'a phone need not scroll sideways');
  assert.ok(await browser.run(`() => document.querySelector('table.calls tbody button').getBoundingClientRect().right <= 390`),
    'the button is on the screen');
  await browser.shot('phone');
  await browser.size(1440, 1000);
  await browser.dark(true);
  await until('nothing moves', () => browser.run('() => document.getAnimations().length === 0'));
  await browser.shot('thousand-dark');
  await browser.dark(false);
}

async function logsOut(browser) {
  await browser.run(`() => { window.whole = window.fetch; window.fetch = async () => { throw new TypeError('cut off'); }; }`);
  await browser.click('.who button');
  await until('not logged out', async () => /still logged in/.test(await browser.text('.toast')));
  await browser.run('() => { window.fetch = window.whole; }');
  await browser.click('.who button');
  await until('logged out', () => browser.count('.login form'));
  assert.equal(await browser.run('() => typeof window.whole'), 'undefined', 'what was read went with the page');
}

const host = start(hostPath, []);
const browser = new Browser(shots);
let failed = false;
try {
  const told = JSON.parse((await host.lines.next()).value);
  await browser.start();
  const base = `http://127.0.0.1:${told.port}`;
  await logsIn(browser, base, told);
  await seesCalls(browser);
  await knowsWhatItDoesNotKnow(browser, base);
  await endsACall(browser);
  await showsValueAtRisk(browser);
  await showsAlerts(browser);
  await liftsABan(browser);
  await showsAccounts(browser, base);
  await changesDecks(browser, base);
  await survivesTheEdge(browser, host);
  await carriesAThousand(browser, host);
  await logsOut(browser);
  assert.deepEqual(await complaints(browser), []);
  console.log('ok: the console works in Chromium');
} catch (error) {
  failed = true;
  console.error(error);
  await browser.shot('failed').catch(() => {});
} finally {
  await browser.stop();
  host.child.stdin.end();
  await ended(host.child, 5000);
}
process.exit(failed ? 1 : 0);
