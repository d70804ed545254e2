// A flow may have tens of thousands of steps, and its answer takes its time: it is asked for before the page's own code
// is here, which then takes it from `askedAhead` (see src/api/asked.ts) instead of asking again. In stages, unless the
// address leads to something in it.
(() => {
  const [, tenant, id] = /^\/tenants\/([^/]+)\/flows\/([^/]+)\/?$/.exec(location.pathname) ?? [];
  if (tenant === undefined || id === undefined) return;
  try {
    const segment = (text) => encodeURIComponent(decodeURIComponent(text));
    const part = location.search === "" ? "/stages" : "";
    const url = `/api/v1/tenants/${segment(tenant)}/flows/${segment(id)}${part}`;
    const control = new AbortController();
    const response = fetch(url, { headers: { accept: "application/json" }, signal: control.signal });
    // Whoever takes it deals with its failure.
    response.catch(() => {});
    globalThis.askedAhead = { url, control, response };
  } catch {
    // An address that is none: the page says so.
  }
})();
