/** Where a request without a key that works leads. */

let leaving = false;
/** A key is being made that this page is about to log in with. */
let staying = false;

/** Goes to the page where a key is asked for; back here afterwards. Once: many requests may be refused at a time. */
export function goToLogin(): void {
  if (leaving || staying) return;
  leaving = true;
  const { pathname, search } = window.location;
  window.location.assign(`/login?next=${encodeURIComponent(pathname + search)}`);
}

/**
 * Makes the first key, which closes the collector, and logs this browser in with it at once: whoever made it could not
 * copy it from a page that is gone.
 */
export async function closeWith<K extends { key: string }>(make: () => Promise<K>): Promise<K> {
  staying = true;
  try {
    const made = await make();
    await fetch("/login", { method: "POST", body: new URLSearchParams({ key: made.key }) });
    return made;
  } finally {
    staying = false;
  }
}
