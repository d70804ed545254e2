/** The customers of the demo, and what is peculiar to each. */
export interface Customer {
  name: string;
  plan: "free" | "team" | "enterprise";
  region: "eu" | "us";
  /** Seconds between two imports. */
  every: number;
  /** How many rows a file has. */
  rows: number;
}

export const CUSTOMERS: [Customer, ...Customer[]] = [
  { name: "acme-corp", plan: "enterprise", region: "us", every: 5, rows: 1200 },
  { name: "globex", plan: "enterprise", region: "eu", every: 7, rows: 800 },
  { name: "initech", plan: "team", region: "us", every: 11, rows: 300 },
  // Sends files that are far larger than everyone else's: its imports stay in `process` for long.
  { name: "umbrella", plan: "enterprise", region: "eu", every: 25, rows: 48_000 },
  { name: "hooli", plan: "team", region: "us", every: 9, rows: 500 },
  { name: "vandelay", plan: "free", region: "eu", every: 17, rows: 60 },
];
