import { ApiError, sentenceOf } from '../api/client';

/** What the server sets in backticks, as people quote it. */
export const quoted = (text: string) => text.replace(/`([^`]*)`/g, '“$1”');

type Input = HTMLInputElement | HTMLSelectElement;

/** The field of a form that the server found fault with. */
export function faultyField(problem: Error, form: HTMLFormElement): Input | undefined {
  const name = problem instanceof ApiError ? problem.field?.split('.').at(-1) : undefined;
  const field = name && form.elements.namedItem(name);
  return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field : undefined;
}

const labelOf = (field: Input) => field.labels?.[0]?.querySelector('span')?.textContent ?? field.ariaLabel;

/**
 * What went wrong, as people say it: the field that it is about is called as in the form that was sent. A request
 * that found nobody is a `TypeError` of the browser's own words.
 */
export function told(problem: Error, form?: HTMLFormElement): string {
  if (problem instanceof TypeError) return 'The server cannot be reached. Is it still running?';
  if (!(problem instanceof ApiError)) return problem.message;
  const { message, field, hint } = problem;
  const input = form && faultyField(problem, form);
  const label = input && labelOf(input);
  const subject = `\`${field}\` `;
  if (!label || !message.startsWith(subject)) return quoted(sentenceOf(problem));
  const fault = message.slice(subject.length);
  const said = `${label}: ${fault.startsWith('`') ? '' : 'this '}${quoted(fault)}`;
  if (!hint) return `${said}.`;
  return URL.canParse(hint) ? `${said}; one looks like ${hint}` : `${said}: ${quoted(hint)}.`;
}

/** Says in which field a wrong password is; the server, which knows none of them, says it only in words. */
export const wrongPassword =
  (field: string, words?: string) =>
  (problem: Error): never => {
    if (!(problem instanceof ApiError) || problem.code !== 'wrong_password') throw problem;
    throw new ApiError(problem.status, problem.code, words ?? problem.message, field);
  };
