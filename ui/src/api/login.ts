/** Where a request without a key that works leads. */

let leaving = false;

/** Goes to the page where a key is asked for; back here afterwards. Once: many requests may be refused at a time. */
export function goToLogin(): void {
  if (leaving) return;
  leaving = true;
  const { pathname, search } = window.location;
  window.location.assign(`/login?next=${encodeURIComponent(pathname + search)}`);
}
