import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
} from '@tanstack/react-router';
import { readSearch } from './lib/search';
import { readReport } from './reports/search';
import { SitePage } from './site/SitePage';
import { Broken } from './ui/Broken';
import { Home } from './ui/Home';
import { Nothing } from './ui/Notice';
import { Shell } from './ui/Shell';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <Nothing title="There is no page here">Choose a site above.</Nothing>,
});

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

/** The page that most people open first: it comes with the frame, every other when it is wanted. */
const siteRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site',
  validateSearch: readSearch,
  component: SitePage,
});

export const liveRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/live',
  component: lazyRouteComponent(() => import('./live/LivePage'), 'LivePage'),
});

export const installRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/install',
  component: lazyRouteComponent(() => import('./setup/Install'), 'Install'),
});

export const settingsRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/settings',
  component: lazyRouteComponent(() => import('./setup/Settings'), 'Settings'),
});

const retention = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/retention',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./reports/Retention'), 'Retention'),
});

const funnels = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/funnels',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./reports/Funnels'), 'Funnels'),
});

const journeys = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/journeys',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./reports/Journeys'), 'Journeys'),
});

const segments = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/segments',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./segments/SegmentsPage'), 'SegmentsPage'),
});

const people = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/people',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./people/PeoplePage'), 'PeoplePage'),
});

const forecasts = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/forecasts',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./foresight/Forecasts'), 'Forecasts'),
});

const anomalies = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/anomalies',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./foresight/Anomalies'), 'Anomalies'),
});

const insights = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/insights',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./foresight/Insights'), 'Insights'),
});

const models = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/models',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./models/ModelsPage'), 'ModelsPage'),
});

const erasure = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/erasure',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./reports/Erasure'), 'Erasure'),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/alerts',
  validateSearch: readReport,
  component: lazyRouteComponent(() => import('./alerts/AlertsPage'), 'AlertsPage'),
});

export const boardsRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/dashboards',
  component: lazyRouteComponent(() => import('./boards/BoardsPage'), 'BoardsPage'),
});

export const boardRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/dashboards/$id',
  component: lazyRouteComponent(() => import('./boards/BoardPage'), 'BoardPage'),
});

export const readyRoute = createRoute({
  getParentRoute: () => root,
  path: '/sites/$site/dashboards/ready/$name',
  component: lazyRouteComponent(() => import('./boards/ReadyPage'), 'ReadyPage'),
});

export const sharedRoute = createRoute({
  getParentRoute: () => root,
  path: '/shared/$token',
  component: lazyRouteComponent(() => import('./boards/SharedPage'), 'SharedPage'),
});

const add = createRoute({
  getParentRoute: () => root,
  path: '/new',
  component: lazyRouteComponent(() => import('./setup/AddSite'), 'AddSite'),
});

const appearance = createRoute({
  getParentRoute: () => root,
  path: '/appearance',
  component: lazyRouteComponent(() => import('./setup/Appearance'), 'Appearance'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./session/Account'), 'Account'),
});

/** Where a new server sends its first person. Who is in goes on. */
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: () => <Navigate to="/" replace />,
});

export const router = createRouter({
  defaultErrorComponent: Broken,
  routeTree: root.addChildren([
    home,
    setup,
    add,
    account,
    appearance,
    siteRoute,
    liveRoute,
    retention,
    funnels,
    journeys,
    segments,
    people,
    forecasts,
    anomalies,
    insights,
    models,
    erasure,
    alerts,
    boardsRoute,
    boardRoute,
    readyRoute,
    sharedRoute,
    installRoute,
    settingsRoute,
  ]),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
