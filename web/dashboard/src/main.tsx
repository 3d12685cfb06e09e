import './style/library';
import './style/base.css';
import './style/shell.css';
import './style/controls.css';
import './style/time.css';
import './style/tables.css';
import './style/pages.css';
import './style/reports.css';
import './style/boards.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { begin } from './begin';
import { router } from './router';
import { SESSION } from './session/data';

/** Whether the server no longer knows who is looking; a shared page has its own word for who may. */
const isSignedOut = (error: Error, [about]: readonly unknown[]) =>
  error instanceof ApiError && error.status === 401 && about !== 'session' && about !== 'shared';

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // One place asks to sign in again, not each part of the page.
    onError: (error, { queryKey }) => {
      if (isSignedOut(error, queryKey)) client.invalidateQueries(SESSION);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // A server on this machine is there without a network, and one that is not is missed in words.
      networkMode: 'always',
      // The server's refusals stay refusals; only a lost connection is worth another try.
      retry: (count, error) => !(error instanceof ApiError) && count < 2,
    },
  },
});

begin(client);

const theme = createTheme({
  primaryColor: 'indigo',
  defaultRadius: 'md',
  respectReducedMotion: true,
  // Who scrolls down within what is open, on a phone, scrolls the button that opened it out of sight.
  components: { Popover: { defaultProps: { hideDetached: false } } },
});

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
// Mantine's variables and classes come from its style sheets: the policy allows no inline <style>.
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
