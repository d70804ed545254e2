import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  useRouterState,
} from "@tanstack/react-router";
import {
  customerData,
  customersData,
  flowData,
  flowsData,
  settingsData,
  soon,
  statsData,
  stuckData,
} from "./api/ahead.ts";
import { NotFound } from "./components/NotFound.tsx";
import { PageCrashed } from "./components/PageCrashed.tsx";
import { Shell } from "./components/Shell.tsx";
import { listSearch, parseSearch, type Search, shownOf, stringifySearch } from "./filter/search.ts";

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound });

/** A shared page stands alone: nothing on it leads anywhere else. */
function Frame() {
  const isShared = useRouterState({ select: ({ location }) => location.pathname.startsWith("/s/") });
  return isShared ? <Outlet /> : <Shell />;
}

const customers = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: ({ q }: Search): Pick<Search, "q"> => (q === undefined ? {} : { q }),
  loader: ({ cause, location }) => soon(cause, () => customersData(parseSearch(location.searchStr))),
  component: lazyRouteComponent(() => import("./pages/customers/CustomersPage.tsx"), "CustomersPage"),
});

const flows = createRoute({
  getParentRoute: () => root,
  path: "/flows",
  validateSearch: (search: Search) => listSearch(search),
  loader: ({ cause, location }) =>
    soon(cause, () => flowsData(listSearch(parseSearch(location.searchStr)), null)),
  component: lazyRouteComponent(() => import("./pages/flows/AllFlowsPage.tsx"), "AllFlowsPage"),
});

const stuck = createRoute({
  getParentRoute: () => root,
  path: "/stuck",
  validateSearch: ({ tenant, name }: Search): Pick<Search, "tenant" | "name"> => ({
    ...(tenant && { tenant }),
    ...(name && { name }),
  }),
  loader: ({ cause, location }) => soon(cause, () => stuckData(parseSearch(location.searchStr))),
  component: lazyRouteComponent(() => import("./pages/stuck/StuckPage.tsx"), "StuckPage"),
});

const tenant = createRoute({
  getParentRoute: () => root,
  path: "/tenants/$tenant",
  validateSearch: (search: Search) => listSearch(search),
  loader: ({ cause, location, params: { tenant } }) =>
    soon(cause, () => customerData(listSearch(parseSearch(location.searchStr)), tenant)),
  component: lazyRouteComponent(() => import("./pages/flows/TenantPage.tsx"), "TenantPage"),
});

const stats = createRoute({
  getParentRoute: () => root,
  path: "/tenants/$tenant/stats",
  validateSearch: ({ name, range }: Search): Pick<Search, "name" | "range"> => ({
    ...(name && { name }),
    ...(range && { range }),
  }),
  loader: ({ cause, location, params: { tenant } }) =>
    soon(cause, () => statsData(parseSearch(location.searchStr), tenant)),
  component: lazyRouteComponent(() => import("./pages/stats/StatsPage.tsx"), "StatsPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  loader: ({ cause }) => soon(cause, settingsData),
  component: lazyRouteComponent(() => import("./pages/settings/SettingsPage.tsx"), "SettingsPage"),
});

const flow = createRoute({
  getParentRoute: () => root,
  path: "/tenants/$tenant/flows/$id",
  validateSearch: (search: Search) => shownOf(search),
  // Together with the code that draws it. A flow can be large: the pointer over a link to it asks for nothing yet.
  loader: ({ cause, location, params: { tenant, id } }) =>
    cause === "enter" ? soon(cause, () => flowData(tenant, id, location.searchStr === "")) : undefined,
  component: lazyRouteComponent(() => import("./pages/flow/FlowPage.tsx"), "FlowPage"),
});

const shared = createRoute({
  getParentRoute: () => root,
  path: "/s/$token",
  validateSearch: (search: Search) => shownOf(search),
  component: lazyRouteComponent(() => import("./pages/shared/SharedPage.tsx"), "SharedPage"),
});

const sharedFlow = createRoute({
  getParentRoute: () => root,
  path: "/s/$token/flows/$id",
  validateSearch: (search: Search) => shownOf(search),
  component: lazyRouteComponent(() => import("./pages/shared/SharedFlowPage.tsx"), "SharedFlowPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([customers, stuck, flows, tenant, stats, settings, flow, shared, sharedFlow]),
  parseSearch,
  stringifySearch: (search: Search) => stringifySearch(search),
  defaultErrorComponent: PageCrashed,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
