// A browser by WebDriver (W3C), without any package; what the browser's tests share.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function start(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

// Waits for a process that was told to end; after so long it is killed.
export async function ended(child, ms) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await once(child, 'exit', { signal: AbortSignal.timeout(ms) }).catch(() => child.kill('SIGKILL'));
}

export async function until(what, look, ms = 15000) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    try { last = await look(); if (last) return last; } catch (error) { last = error; }
    await sleep(100);
  }
  throw new Error(`${what}: not within ${ms} ms (${last})`);
}

export class Browser {
  constructor(shots) { this.shots = shots; }

  // Starts chromedriver and, by it, Chromium with an empty profile.
  async start() {
    this.profile = await mkdtemp(join(tmpdir(), 'dialtone-chromium-'));
    this.driver = start('chromedriver', ['--port=0']);
    for (let port = 0; port === 0;) {
      const { value, done } = await this.driver.lines.next();
      if (done) throw new Error('chromedriver did not start');
      port = Number(/on port (\d+)/.exec(value)?.[1] ?? 0);
      this.base = `http://127.0.0.1:${port}`;
    }
    await this.open(this.profile);
  }
  async stop() {
    await this.send('DELETE', this.path).catch(() => {});
    this.driver.child.kill();
    await ended(this.driver.child, 5000);
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
  async send(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }
  async open(profile) {
    const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage', '--window-size=1440,1000', `--user-data-dir=${profile}`];
    const value = await this.send('POST', '/session', { capabilities: { alwaysMatch: {
      browserName: 'chrome', 'goog:loggingPrefs': { browser: 'ALL' },
      'goog:chromeOptions': { binary: process.env.CHROMIUM ?? '/usr/bin/chromium', args } } } });
    this.path = `/session/${value.sessionId}`;
  }
  go(url) { return this.send('POST', `${this.path}/url`, { url }); }
  run(script, ...args) { return this.send('POST', `${this.path}/execute/sync`, { script: `return (${script})(...arguments)`, args }); }
  async find(css) { return (await this.send('POST', `${this.path}/element`, { using: 'css selector', value: css }))[ELEMENT]; }
  async click(css) { return this.send('POST', `${this.path}/element/${await this.find(css)}/click`, {}); }
  async type(css, text) { return this.send('POST', `${this.path}/element/${await this.find(css)}/value`, { text }); }
  keys(...keys) {
    const actions = keys.flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
    return this.send('POST', `${this.path}/actions`, { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }
  text(css) { return this.run('(css) => document.querySelector(css)?.innerText ?? ""', css); }
  count(css) { return this.run('(css) => document.querySelectorAll(css).length', css); }
  async shot(name) {
    if (this.shots === undefined) return;
    const png = await this.send('GET', `${this.path}/screenshot`);
    await writeFile(join(this.shots, `${name}.png`), Buffer.from(png, 'base64'));
  }
  async dark(isDark) {
    await this.send('POST', `${this.path}/goog/cdp/execute`, { cmd: 'Emulation.setEmulatedMedia',
      params: { features: [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }] } });
  }
  async size(width, height) {
    await this.send('POST', `${this.path}/goog/cdp/execute`, { cmd: 'Emulation.setDeviceMetricsOverride',
      params: { width, height, deviceScaleFactor: 1, mobile: width < 500 } });
  }
  log() { return this.send('POST', `${this.path}/se/log`, { type: 'browser' }); }
}

// What the page complained about: broken policies and uncaught errors are failures.
export async function complaints(browser) {
  return (await browser.log()).filter((line) => /Content Security Policy|Uncaught/.test(line.message));
}
