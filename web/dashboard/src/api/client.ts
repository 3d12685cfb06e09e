import type { LiveFigures, Query, QueryAnswer, Site } from './types';

/** What the server answered instead of figures: its stable code, its sentence and the field it names. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

const KEY = 'opentrace-key';

/** Keeps an API key for as long as the tab lives. */
export function keepKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

function headers(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key ? { authorization: `Bearer ${key}` } : {};
}

async function refusal(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => null);
  const error = body?.error;
  return new ApiError(
    response.status,
    error?.code ?? 'http',
    error?.message ?? `the server answered ${response.status}`,
    error?.field,
  );
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(path, { ...init, headers: { ...headers(), ...init.headers } });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

export const sites = (signal?: AbortSignal) =>
  call<{ sites: Site[] }>('/api/v1/sites', { signal }).then((answer) => answer.sites);

export const query = (body: Query, signal?: AbortSignal) =>
  call<QueryAnswer>('/api/v2/query', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });

/** Reads the stream of live figures until it ends or `signal` aborts it. An EventSource can show no key. */
export async function live(site: string, signal: AbortSignal, show: (figures: LiveFigures) => void) {
  const response = await fetch(`/api/v1/live?site_id=${encodeURIComponent(site)}`, {
    headers: headers(),
    signal,
  });
  if (!response.ok || !response.body) throw await refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5))
        .join('\n');
      if (data) show(JSON.parse(data));
    }
  }
}
