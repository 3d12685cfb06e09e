import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { readSearch } from './lib/search';
import { Home } from './ui/Home';
import { Nothing } from './ui/Notice';
import { Shell } from './ui/Shell';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <Nothing title="There is no page here">Choose a site above.</Nothing>,
});

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

export const siteRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./site/SitePage'), 'SitePage'),
});

export const liveRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/live',
  component: lazyRouteComponent(() => import('./live/LivePage'), 'LivePage'),
});

export const router = createRouter({ routeTree: root.addChildren([home, siteRoute, liveRoute]) });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
