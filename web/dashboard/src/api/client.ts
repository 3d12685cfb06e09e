import { figures, type RawAnswer } from './figures';
import type {
  Founder,
  Imported,
  Key,
  LiveFigures,
  NewKey,
  NewSite,
  Property,
  Query,
  Session,
  Site,
} from './types';

/** What the server answered instead of figures: its stable code, its sentence, the field it names, when to come back. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    readonly hint?: string,
    /** In seconds. */
    readonly wait?: number,
  ) {
    super(message);
  }
}

/** What the server said, as a sentence with what to do about it. */
export function sentenceOf({ message, hint, wait }: Pick<ApiError, 'message' | 'hint' | 'wait'>): string {
  const said = `${message[0]?.toUpperCase() ?? ''}${message.slice(1)}`;
  const sentence = hint ? `${said}: ${hint}.` : `${said}.`;
  return wait ? `${sentence} Try again in ${soon(wait)}.` : sentence;
}

/** `15 minutes`; never less than it takes. */
function soon(seconds: number): string {
  const [count, unit] = seconds > 90 ? [Math.ceil(seconds / 60), 'minute'] : [Math.ceil(seconds), 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Shows the server that one of its own pages asks; it comes with the session. */
let confirmation: string | undefined;

export async function refusal(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => null);
  const error = body?.error;
  return new ApiError(
    response.status,
    error?.code ?? 'http',
    error?.message ?? `the server answered ${response.status}`,
    error?.field,
    error?.hint,
    Number(response.headers.get('retry-after')) || undefined,
  );
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export async function call<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = {};
  if (confirmation && method !== 'GET') headers['x-csrf-token'] = confirmation;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(path, { method, headers, body: text, signal });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? (undefined as T) : response.json();
}

async function confirmed(asked: Promise<Session>): Promise<Session> {
  const answer = await asked;
  confirmation = answer.csrf;
  return answer;
}

export const session = (signal?: AbortSignal) =>
  confirmed(call<Session>('GET', '/api/v1/session', undefined, signal));
export const signIn = (email: string, password: string) =>
  confirmed(call<Session>('POST', '/api/v1/session', { email, password }));
export const found = (founder: Founder) => confirmed(call<Session>('POST', '/api/v1/setup', founder));
export const changePassword = (current: string, password: string) =>
  confirmed(call<Session>('PUT', '/api/v1/session/password', { current, password }));
export const signOut = () => call<void>('DELETE', '/api/v1/session');

export const createSite = (site: NewSite) => call<Site>('POST', '/api/v1/sites', site);
export const changeSite = (domain: string, change: Partial<NewSite>) =>
  call<Site>('PATCH', `/api/v1/sites/${encodeURIComponent(domain)}`, change);

export const keys = (signal?: AbortSignal) =>
  call<{ keys: Key[] }>('GET', '/api/v1/keys', undefined, signal).then((answer) => answer.keys);
export const createKey = (key: NewKey) => call<Key & { key: string }>('POST', '/api/v1/keys', key);
export const revokeKey = (id: string) => call<void>('DELETE', `/api/v1/keys/${id}`);

/** Sends a file with history; `part` hears how much of it has gone out, from 0 to 1. */
export function sendFile(
  site: string,
  format: string,
  file: File,
  part: (gone: number) => void,
): Promise<Imported> {
  return new Promise((resolve, reject) => {
    // What `fetch` sends nobody hears of before the answer.
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/import?${new URLSearchParams({ site_id: site, format })}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    if (confirmation) request.setRequestHeader('x-csrf-token', confirmation);
    request.upload.onprogress = ({ loaded, total }) => part(total ? loaded / total : 0);
    request.onerror = () => reject(new TypeError('the server cannot be reached'));
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 200) resolve(JSON.parse(responseText));
      else refusal(new Response(responseText, { status })).then(reject);
    };
    request.send(file);
  });
}

export const sites = (signal?: AbortSignal) =>
  call<{ sites: Site[] }>('GET', '/api/v1/sites', undefined, signal).then((answer) => answer.sites);

/** Keys of the site's events' properties, the most used first. */
export const properties = (site: string, signal?: AbortSignal) =>
  call<{ properties: Property[] }>(
    'GET',
    `/api/v1/properties?site_id=${encodeURIComponent(site)}`,
    undefined,
    signal,
  ).then((answer) => answer.properties);

export const query = (body: Query, signal?: AbortSignal) =>
  call<RawAnswer>('POST', '/api/v2/query', body, signal).then(figures);

/** Reads server-sent events until they end or `signal` aborts them. An EventSource tells no refusal. */
export async function stream(path: string, signal: AbortSignal, take: (data: unknown) => void) {
  const response = await fetch(path, { signal });
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
      if (data) take(JSON.parse(data));
    }
  }
}

/** A site's figures as they change. */
export const live = (site: string, signal: AbortSignal, show: (figures: LiveFigures) => void) =>
  stream(`/api/v1/live?site_id=${encodeURIComponent(site)}`, signal, (data) => show(data as LiveFigures));
