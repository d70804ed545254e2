/** Who is it that asks? From what a request brings to a `Caller`: the same for every door. */
import type { AccessStore, KeyRecord, Role } from "../access.ts";
import { WeirError } from "../errors.ts";
import type { Micros } from "../flow.ts";
import { works } from "./keys.ts";
import { hashOf, idIn, isSecret, mint } from "./secret.ts";
import { Uses } from "./uses.ts";

/** Someone whom the gate let in. */
export interface Caller {
  role: Role;
  /** The only tenant he may send and read; `null`: all. */
  tenant: string | null;
  /** `open`: nobody was asked for a key. `session`: a browser that logged in. */
  via: "open" | "key" | "session";
  keyId: string | null;
  keyName: string | null;
  /** Of a `session`: hex hash of its cookie. */
  session: string | null;
}

/** What something that may be done is called. */
export type Right = "send" | "read" | "admin";

const MAY: Record<Right, readonly Role[]> = {
  send: ["ingest", "admin"],
  read: ["read", "admin"],
  admin: ["admin"],
};

const WORDS: Record<Right, string> = { send: "sends", read: "reads", admin: "manages" };

/** What a request brings. */
export interface Credentials {
  /** The `Authorization` header, or gRPC's metadata of that name. */
  authorization?: string | undefined;
  /** The value of the cookie. */
  session?: string | undefined;
}

/**
 * When nobody is asked for a key. `no-keys`: while none was ever made, for a server that only its own machine can
 * reach. `never`: others can reach it. `always`: someone said so.
 */
export type OpenWhen = "no-keys" | "never" | "always";

export interface GateOptions {
  access: AccessStore;
  openWhen: OpenWhen;
  now?: () => Micros;
}

const SESSION_LIFE = 7 * 86_400 * 1_000_000;

const OPEN: Caller = {
  role: "admin",
  tenant: null,
  via: "open",
  keyId: null,
  keyName: null,
  session: null,
};

export class Gate {
  readonly #access: AccessStore | undefined;
  readonly #openWhen: OpenWhen;
  readonly #now: () => Micros;
  readonly #uses: Uses;
  /** Keys are never deleted: once there is one there always will be. */
  #hasKeys = false;
  /** Asked in this turn of the event loop: many requests come in one. */
  #asked: Promise<boolean> | undefined;

  constructor({ access, openWhen, now = () => Date.now() * 1000 }: Partial<GateOptions>) {
    this.#access = access;
    this.#openWhen = access === undefined ? "always" : (openWhen ?? "never");
    this.#now = now;
    this.#uses = new Uses((used) => access?.noteUse(used));
  }

  async isOpen(): Promise<boolean> {
    if (this.#openWhen !== "no-keys") return this.#openWhen === "always";
    this.#hasKeys ||= await this.#askForKeys();
    return !this.#hasKeys;
  }

  #askForKeys(): Promise<boolean> {
    if (this.#asked === undefined) {
      this.#asked = this.#access?.hasKeys() ?? Promise.resolve(false);
      setImmediate(() => {
        this.#asked = undefined;
      });
    }
    return this.#asked;
  }

  /** What whoever looks at an open collector should know; `null` while it asks for keys. */
  async notice(): Promise<string | null> {
    if (!(await this.isOpen())) return null;
    const mend =
      this.#openWhen === "always"
        ? "To close it, start it without --insecure-open."
        : "To close it, make a key: weir keys create --role admin";
    return `Open: anyone who can reach this address can see and send everything. ${mend}`;
  }

  /**
   * Who it is.
   *
   * @returns `undefined` where a key is needed, and none came that works.
   * @example await gate.callerOf({ authorization: "Bearer weir_ingest_…" })
   */
  async callerOf({ authorization, session }: Credentials): Promise<Caller | undefined> {
    if (await this.isOpen()) return OPEN;
    if (authorization !== undefined) {
      const [, text] = /^bearer +(\S{1,200}) *$/i.exec(authorization) ?? [];
      return text === undefined ? undefined : this.#callerByKey(text);
    }
    return session === undefined ? undefined : this.#callerBySession(session);
  }

  /**
   * Lets someone in who may do something.
   *
   * @throws {WeirError} `unauthenticated` without a key that works, `forbidden` where its role is another.
   * @example const caller = await gate.admit({ authorization: metadata.authorization }, "send");
   */
  async admit(credentials: Credentials, right: Right): Promise<Caller> {
    const caller = await this.callerOf(credentials);
    if (caller === undefined) throw needsKey();
    if (!may(caller, right)) throw refuse(caller, right);
    return caller;
  }

  /** Whether he would still be let in: for those who stay, such as readers of the stream. */
  async isStillIn(caller: Caller): Promise<boolean> {
    if (caller.via === "open") return this.isOpen();
    if (caller.session !== null && (await this.#sessionOf(caller.session)) === undefined) return false;
    return caller.keyId !== null && (await this.#keyOf(caller.keyId)) !== undefined;
  }

  /**
   * Logs a browser in with a key that may read.
   *
   * @returns what to put into its cookie, and the seconds that it works; `undefined` for every other text.
   */
  async logIn(text: string): Promise<{ cookie: string; seconds: number } | undefined> {
    const caller = await this.#callerByKey(text);
    if (caller?.keyId == null || !may(caller, "read")) return undefined;
    const key = await this.#keyOf(caller.keyId);
    if (key === undefined) return undefined;
    const now = this.#now();
    const expiresAt = Math.min(now + SESSION_LIFE, key.expiresAt ?? Number.POSITIVE_INFINITY);
    const { text: cookie, hash } = mint("session");
    await this.#access?.addSession({ hash: hash.toString("hex"), keyId: key.id, createdAt: now, expiresAt });
    return { cookie, seconds: Math.floor((expiresAt - now) / 1_000_000) };
  }

  /** `cookie`: its value, whether it still works or not. */
  async logOut(cookie: string | undefined): Promise<void> {
    if (cookie !== undefined) await this.#access?.removeSession(hashOf(cookie).toString("hex"));
  }

  /** Writes down what was used, and asks no more. */
  close(): Promise<void> {
    return this.#uses.flush();
  }

  async #callerByKey(text: string): Promise<Caller | undefined> {
    const id = idIn(text);
    const key = id === undefined ? undefined : await this.#access?.key(id);
    // Compared in any case: how long it takes tells nothing.
    if (!isSecret(text, key?.hash) || key === undefined || !works(key, this.#now())) return undefined;
    this.#uses.note(key.id, this.#now());
    return callerOf(key, null);
  }

  async #callerBySession(text: string): Promise<Caller | undefined> {
    const hash = hashOf(text).toString("hex");
    const session = await this.#sessionOf(hash);
    const key = session && (await this.#keyOf(session.keyId));
    if (key === undefined) return undefined;
    this.#uses.note(key.id, this.#now());
    return callerOf(key, hash);
  }

  async #sessionOf(hash: string) {
    const session = await this.#access?.session(hash);
    return session !== undefined && session.expiresAt > this.#now() ? session : undefined;
  }

  async #keyOf(id: string): Promise<KeyRecord | undefined> {
    const key = await this.#access?.key(id);
    return key !== undefined && works(key, this.#now()) ? key : undefined;
  }
}

export function may({ role }: Caller, right: Right): boolean {
  return MAY[right].includes(role);
}

/** How he is called in the audit list. */
export function nameOf({ keyId, keyName }: Caller): string {
  if (keyId === null) return "someone, while it was open";
  return keyName === null ? `key ${keyId}` : `key ${keyId} (${keyName})`;
}

export function needsKey(): WeirError {
  return new WeirError(
    "unauthenticated",
    "expected a key that is neither revoked nor expired, as Authorization: Bearer weir_…; make one with: weir keys create",
  );
}

export function refuse({ role }: Caller, right: Right): WeirError {
  const expected = MAY[right].join(" or ");
  return new WeirError(
    "forbidden",
    `expected a key that ${WORDS[right]}, of the role ${expected}; this one is of the role ${role}`,
  );
}

/** For what can't be narrowed to one tenant. */
export function refuseBound(tenant: string): WeirError {
  return new WeirError(
    "forbidden",
    `expected a key that is bound to no tenant: this tells of all of them; this one is bound to ${JSON.stringify(tenant)}`,
  );
}

function callerOf({ id, role, tenant, name }: KeyRecord, session: string | null): Caller {
  return { role, tenant, via: session === null ? "key" : "session", keyId: id, keyName: name, session };
}
