/** Goes to the page's search, where it has one. */
export function focusSearch(): void {
  const search = document.querySelector<HTMLInputElement>("input[data-page-search]");
  search?.focus();
  search?.select();
}
