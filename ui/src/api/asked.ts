/** An answer that was asked for before this code was here: see `public/ask-ahead.js`. */
interface Asked {
  url: string;
  control: AbortController;
  response: Promise<Response>;
}

declare global {
  var askedAhead: Asked | undefined;
}

/** The answer to `url` where it is on its way already: once, for what is asked again wants to know anew. */
export function takeAsked(
  url: string,
  signal: AbortSignal | null | undefined,
): Promise<Response> | undefined {
  const asked = globalThis.askedAhead;
  if (asked?.url !== url) return undefined;
  globalThis.askedAhead = undefined;
  signal?.addEventListener("abort", () => asked.control.abort(), { once: true });
  return asked.response;
}
