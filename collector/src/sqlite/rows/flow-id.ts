/** Flow ids as the database keeps them: a UUID, as Weir makes them, in 16 bytes; what people name themselves as text. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export type StoredId = string | Buffer;

export function storedId(id: string): StoredId {
  return id.length === 36 && UUID.test(id) ? Buffer.from(id.replaceAll("-", ""), "hex") : id;
}

export function idOf(stored: StoredId): string {
  if (typeof stored === "string") return stored;
  const hex = stored.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
