/** Names in a message, of which there may be thousands. */

const SHOWN = 12;

export function listed(names: Iterable<string>, between = ", "): string {
  const all = [...names];
  if (all.length === 0) return "none";
  return all.length <= SHOWN ? all.join(between) : `${all.slice(0, SHOWN).join(between)}${between}…`;
}
