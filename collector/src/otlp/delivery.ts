/** One message of spans, as a door hands it over. */

export type Encoding = "json" | "protobuf";

export interface Delivery {
  encoding: Encoding;
  /** Given away: whoever hands it over does not read it afterwards. */
  body: Uint8Array;
  /** The one tenant that its sender speaks for; `null`: whichever its spans name. */
  tenant: string | null;
}
