/** The demo's customers: a few large ones, and many that are small. */
import type { Chance } from "./chance.ts";

const FIRST = [
  "acme",
  "globex",
  "initech",
  "umbrella",
  "hooli",
  "stark",
  "wayne",
  "tyrell",
  "wonka",
  "cyberdyne",
  "aperture",
  "soylent",
  "vandelay",
  "dunder",
  "pied-piper",
  "massive",
  "oscorp",
  "gringotts",
  "nakatomi",
  "bluth",
  "prestige",
  "sirius",
  "monarch",
  "virtucon",
  "zorin",
  "kruger",
  "weyland",
  "gekko",
  "octan",
  "lumon",
];
const LAST = [
  "corp",
  "labs",
  "foods",
  "logistics",
  "retail",
  "health",
  "energy",
  "media",
  "travel",
  "bank",
  "motors",
  "games",
  "works",
  "systems",
  "studio",
  "group",
  "partners",
  "textiles",
  "water",
  "telecom",
  "robotics",
  "farms",
  "homes",
  "books",
  "sports",
  "airlines",
  "optics",
  "paper",
  "steel",
  "toys",
  "pharma",
  "cinema",
  "furniture",
  "security",
];
const REGIONS = ["eu", "eu", "us", "ap"];

export interface DemoTenant {
  name: string;
  /** Labels that each of its flows has. */
  region: string;
}

/** Picks customers so that the n-th is asked for about 1/n as often as the first. */
export class Tenants {
  readonly #tenants: readonly DemoTenant[];
  readonly #upTo: Float64Array;

  constructor(count: number) {
    this.#tenants = Array.from({ length: count }, (_, n) => ({
      name: nameOf(n),
      region: REGIONS[n % REGIONS.length] as string,
    }));
    this.#upTo = new Float64Array(count);
    let sum = 0;
    for (let n = 0; n < count; n += 1) {
      sum += (n + 3) ** -0.8;
      this.#upTo[n] = sum;
    }
  }

  pick(chance: Chance): DemoTenant {
    const wanted = chance.share() * (this.#upTo.at(-1) as number);
    let low = 0;
    let high = this.#upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#upTo[middle] as number) <= wanted) low = middle + 1;
      else high = middle;
    }
    return this.#tenants[low] as DemoTenant;
  }
}

/** Each name once: `acme-corp`, `globex-labs`, …, and with a number where words are used up. */
function nameOf(n: number): string {
  const first = FIRST[n % FIRST.length];
  const round = Math.floor(n / FIRST.length);
  const last = LAST[(n + round) % LAST.length];
  const again = Math.floor(round / LAST.length);
  return again === 0 ? `${first}-${last}` : `${first}-${last}-${again + 1}`;
}
