/** A request over https that takes the current flow along, and trusts the certificate of these tests. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { trusted } from "./certificate.ts";

/** @returns the body of the answer. Call `withHttp()` first. */
export async function postSecurely(url: string): Promise<string> {
  const request = https.request(url, { method: "POST", ...trusted }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return text(response);
}
