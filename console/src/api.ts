// Asking the API. A problem is thrown with its sentence; 503 is told apart: it is not a "no".

export interface BadRow { line: number; text: string }

export class Problem extends Error {
  rows: BadRow[] = []; // of a deck: at most 100 of those that cannot be used
  constructor(readonly status: number, readonly code: string, detail: string) { super(detail); }
  // Whether it was done is not known: no whole answer came, or one of somebody on the way.
  get isUnknown(): boolean { return this.status === 0 || this.status >= 500; }
}

let csrf = '';
export function setCsrf(token: string): void { csrf = token; }

async function toProblem(answer: Response): Promise<Problem> {
  try {
    const body = await answer.json() as { code?: string; detail?: string; title?: string; problems?: BadRow[] };
    const problem = new Problem(answer.status, body.code ?? '', body.detail ?? body.title ?? answer.statusText);
    problem.rows = body.problems ?? [];
    return problem;
  } catch {
    return new Problem(answer.status, '', answer.statusText);
  }
}

export function ask<T>(method: string, path: string, body?: unknown,
                       headers: Record<string, string> = {}): Promise<T> {
  const init: RequestInit = { method, headers: { ...headers }, signal: AbortSignal.timeout(10_000) };
  if (body !== undefined) {
    (init.headers as Record<string, string>)['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  return carry<T>(method, path, init);
}

// A deck: large, and compared with a week of calls before it is answered.
export const send = <T>(path: string, file: Blob): Promise<T> => carry<T>('POST', path,
  { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: file, signal: AbortSignal.timeout(120_000) });

async function carry<T>(method: string, path: string, init: RequestInit): Promise<T> {
  const all = init.headers as Record<string, string>;
  if (method !== 'GET') all['X-CSRF-Token'] = csrf;
  try {
    const answer = await fetch(path, init);
    if (!answer.ok) throw await toProblem(answer);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  } catch (error) { // also where an answer began and was cut off
    throw error instanceof Problem ? error : new Problem(0, 'unreachable', 'The server does not answer.');
  }
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path);

export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return 'console-' + Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
