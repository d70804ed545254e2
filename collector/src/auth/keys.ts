/** Making keys, and knowing whether one still works. */
import type { AccessStore, KeyRecord, Role } from "../access.ts";
import type { Act } from "../audit.ts";
import type { Micros } from "../flow.ts";
import { mint } from "./secret.ts";

/** What a key is to be. */
export interface KeyWish {
  role: Role;
  tenant: string | null;
  name: string | null;
  /** How long it works; `null`: until it is revoked. */
  expiresIn: Micros | null;
}

export interface MadeKey {
  key: KeyRecord;
  /** The key itself: shown once, kept nowhere. */
  text: string;
}

/** The longest name of a key, in characters. */
export const LONGEST_KEY_NAME = 100;
/** The longest tenant, as on the wire. */
export const LONGEST_TENANT = 256;

/**
 * Makes a key and keeps its hash.
 *
 * @example (await makeKey(access, { role: "read", tenant: null, name: null, expiresIn: null }, act)).text
 */
export async function makeKey(access: AccessStore, wish: KeyWish, act: Act): Promise<MadeKey> {
  const made = newKey(wish, act);
  await access.addKey(made.key);
  return made;
}

/** Makes an admin's key where no key was ever made. */
export async function makeFirstKey(access: AccessStore, act: Act): Promise<MadeKey | undefined> {
  const made = newKey({ role: "admin", tenant: null, name: "first", expiresIn: null }, act);
  return (await access.addFirstKey(made.key)) ? made : undefined;
}

function newKey({ role, tenant, name, expiresIn }: KeyWish, { by, at }: Act): MadeKey {
  const { id, text, hash } = mint(`weir_${role}`);
  const expiresAt = expiresIn === null ? null : at + expiresIn;
  const key = { id, role, tenant, name, hash, createdAt: at, createdBy: by, expiresAt };
  return { key: { ...key, revokedAt: null, lastUsedAt: null }, text };
}

export function works(
  { revokedAt, expiresAt }: Pick<KeyRecord, "revokedAt" | "expiresAt">,
  now: Micros,
): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}
