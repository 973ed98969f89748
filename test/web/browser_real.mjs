// The whole program: real phones register and talk, the console shows the call and what it costs,
// the button ends it, and the record says that an operator did.
//
//     node browser_real.mjs DIALTONE DIALTONE_PHONES [SCREENSHOT_DIRECTORY]
import { spawn, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { Browser, complaints, ended, until } from './webdriver.mjs';

const [dialtone, phones, shots] = process.argv.slice(2);
const root = await mkdtemp(join(tmpdir(), 'dialtone-real-'));
const dir = join(root, 'demo');
const children = [];

function begin(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

async function end(child) {
  child.kill('SIGTERM');
  await ended(child, 6000);
}

// The demo's endpoints, but one long call on the network, so that it needs no carrier's address.
async function writePhones(listen) {
  const conf = await readFile(join(dir, 'phones.conf'), 'utf8');
  const password = (user) => new RegExp(`phone ${user} password (\\S+)`).exec(conf)[1];
  await writeFile(join(root, 'phones.conf'), [
    `registrar ${listen}`, `domain ${/domain (\S+)/.exec(conf)[1]}`, 'bind 127.0.0.1',
    `phone alice password ${password('alice')} answers after 1s`,
    `phone carol password ${password('carol')} answers after 1s`,
    'calls carol to alice every 120s for 110s', ''].join('\n'));
}

async function addresses() {
  return until('dialtone is ready', async () => {
    execFileSync(dialtone, ['status', dir], { stdio: 'ignore' });
    const told = JSON.parse(await readFile(join(dir, 'run/addresses.json'), 'utf8'));
    return { http: told.http, listen: told.listen.find((one) => one.startsWith('udp:')).slice(4) };
  }, 30000);
}

async function run(browser) {
  execFileSync(dialtone, ['init', dir, '--demo'], { stdio: 'ignore' });
  const login = /log in\s+(\S+), password (\S+)/.exec(await readFile(join(dir, 'demo.txt'), 'utf8'));
  begin(dialtone, ['run', dir, '--listen', 'udp:127.0.0.1:0', '--http', '127.0.0.1:0']);
  const { http, listen } = await addresses();
  await writePhones(listen);
  begin(phones, [join(root, 'phones.conf')]);
  await browser.start();
  await browser.go(`http://${http}/`);
  await until('log-in form', () => browser.count('.login form'));
  await browser.type('input[name=name]', login[1]);
  await browser.type('input[name=password]', login[2]);
  await browser.click('.login button');
  const row = 'table.calls tbody tr';
  await until('the call is shown', async () => /carol[^]*answered/.test(await browser.text(row)), 40000);
  const cost = () => browser.run('() => document.querySelector("table.calls tbody td:nth-child(6)").innerText');
  const before = await cost();
  await until('it ticks', async () => await cost() !== before);
  assert.match(await browser.text('main'), /bravo/);
  await browser.shot('real');
  await browser.click(`${row} button`);
  await until('dialog', () => browser.count('dialog[open]'));
  await browser.click('#end-confirm');
  await until('the call is gone', async () => await browser.count(row) === 0);
  await until('the record says who ended it', async () =>
    /carol[^]*alice[^]*operator/.test(await browser.text('section[aria-labelledby=cdrs-title]')), 30000);
  await browser.shot('real-ended');
  assert.deepEqual(await complaints(browser), []);
}

const browser = new Browser(shots);
let failed = false;
try {
  await run(browser);
  console.log('ok: a real call was ended by the button');
} catch (error) {
  failed = true;
  console.error(error);
  await browser.shot('real-failed').catch(() => {});
} finally {
  if (browser.driver !== undefined) await browser.stop();
  for (const child of children.reverse()) await end(child);
  await rm(root, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
