/** The cookie of a browser that logged in. */

const NAME = "weir_session";

/** Its value in a `Cookie` header. */
export function sessionCookie(header: string | undefined): string | undefined {
  return /(?:^|;\s*)weir_session=([\w]{1,200})(?:;|$)/.exec(header ?? "")?.[1];
}

/**
 * A `Set-Cookie` header. Out of reach of scripts, never sent by a request that another site began, and where the page
 * came over https never without it.
 */
export function setCookie(value: string, seconds: number, secure: boolean): string {
  return `${NAME}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
}

export function clearCookie(secure: boolean): string {
  return setCookie("", 0, secure);
}
