// Asking the API. A problem is thrown with its sentence; 503 is told apart: it is not a "no".

export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) { super(detail); }
  get isUnknown(): boolean { return this.status === 503 || this.status === 0; }
}

let csrf = '';
export function setCsrf(token: string): void { csrf = token; }

async function toProblem(answer: Response): Promise<Problem> {
  try {
    const body = await answer.json() as { code?: string; detail?: string; title?: string };
    return new Problem(answer.status, body.code ?? '', body.detail ?? body.title ?? answer.statusText);
  } catch {
    return new Problem(answer.status, '', answer.statusText);
  }
}

export async function ask<T>(method: string, path: string, body?: unknown,
                             headers: Record<string, string> = {}): Promise<T> {
  const init: RequestInit = { method, headers: { ...headers }, signal: AbortSignal.timeout(10_000) };
  const all = init.headers as Record<string, string>;
  if (body !== undefined) {
    all['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  if (method !== 'GET') all['X-CSRF-Token'] = csrf;
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Problem(0, 'unreachable', 'The server does not answer.');
  }
  if (!answer.ok) throw await toProblem(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path);

export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return 'console-' + Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
