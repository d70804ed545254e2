/**
 * A client of the collector's API, for Node and browsers. Its types are those that the routes are served by.
 *
 * @example
 * const weir = new WeirClient({ url: "http://127.0.0.1:4318", apiKey: process.env.WEIR_API_KEY });
 * for await (const flow of weir.flows({ tenant: "acme-corp", status: ["failed"] })) console.log(flow.id, flow.error);
 */
export type {
  AuditEntry,
  ErrorStats,
  FlowCount,
  FlowDetail,
  FlowHistogram,
  FlowPage,
  FlowSummary,
  Key,
  LimitReached,
  MadeKey,
  MadeShare,
  Me,
  Server,
  Settings,
  Share,
  Shared,
  Stats,
  Step,
  StuckFlow,
  StuckPage,
  TenantPage,
  TenantSummary,
} from "../http/schemas.ts";
export { WeirApiError } from "./api-error.ts";
export {
  type Exports,
  type KeyWish,
  type SettingsWish,
  type ShareWish,
  WeirClient,
  type WeirClientOptions,
} from "./client.ts";
export type { Pages } from "./pages.ts";
export type { StreamChange, StreamOptions } from "./stream.ts";
