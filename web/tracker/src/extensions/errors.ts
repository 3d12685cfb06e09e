/**
 * Errors that no code caught. Each text counts once per document, because a loop that fails would
 * otherwise send one event per turn. Errors before this module has arrived are missed.
 */

const MOST_ERRORS = 10;
const LONGEST_MESSAGE = 500;

const seen = new Set<string>();

function report(error: unknown, where: string): void {
  const message = String((error as Error)?.message ?? error).slice(0, LONGEST_MESSAGE);
  if (seen.has(message) || seen.size === MOST_ERRORS) return;
  seen.add(message);
  self.opentrace?.('Error', { props: { message, source: where }, interactive: false });
}

addEventListener('error', ({ error, message, filename, lineno, colno }) => {
  // The query of a script's address may hold a secret.
  const [file] = filename.split(/[?#]/);
  report(error ?? message, `${file}:${lineno}:${colno}`);
});

addEventListener('unhandledrejection', ({ reason }) => report(reason, 'promise'));
