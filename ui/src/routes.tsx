import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { NotFound } from "./components/NotFound.tsx";
import { PageCrashed } from "./components/PageCrashed.tsx";
import { Shell } from "./components/Shell.tsx";
import { flowFilter, parseSearch, type Search, stringifySearch } from "./filter/search.ts";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const customers = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: ({ q }: Search): Pick<Search, "q"> => (q === undefined ? {} : { q }),
  component: lazyRouteComponent(() => import("./pages/customers/CustomersPage.tsx"), "CustomersPage"),
});

const flows = createRoute({
  getParentRoute: () => root,
  path: "/flows",
  validateSearch: (search: Search) => flowFilter(search),
  component: lazyRouteComponent(() => import("./pages/flows/AllFlowsPage.tsx"), "AllFlowsPage"),
});

const tenant = createRoute({
  getParentRoute: () => root,
  path: "/tenants/$tenant",
  validateSearch: (search: Search) => flowFilter(search),
  component: lazyRouteComponent(() => import("./pages/flows/TenantPage.tsx"), "TenantPage"),
});

const flow = createRoute({
  getParentRoute: () => root,
  path: "/tenants/$tenant/flows/$id",
  validateSearch: ({ selected }: Search): Pick<Search, "selected"> =>
    selected === undefined ? {} : { selected },
  component: lazyRouteComponent(() => import("./pages/flow/FlowPage.tsx"), "FlowPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([customers, flows, tenant, flow]),
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
