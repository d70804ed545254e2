/** Chance that can be repeated: the same seed makes the same draws, in every Node. */

/** Of the generator xoshiro128**: small, quick, and good enough for pictures. */
export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    // splitmix32, so that seeds which lie side by side have nothing in common.
    let state = seed | 0;
    const mix = () => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) | 0;
    };
    this.#a = mix();
    this.#b = mix();
    this.#c = mix();
    this.#d = mix() | 1;
  }

  /** 32 bits, as a whole number from 0. */
  bits(): number {
    const scrambled = Math.imul(rotated(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotated(this.#d, 11);
    return scrambled >>> 0;
  }

  /** From 0, below 1. */
  share(): number {
    return this.bits() / 2 ** 32;
  }

  happens(share: number): boolean {
    return this.share() < share;
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.share() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.share() * list.length)] as T;
  }

  /** As durations lie: half of them below `median`; `spread` is that of the logarithm, 0 for none. */
  logNormal(median: number, spread: number): number {
    if (spread === 0) return median;
    const radius = Math.sqrt(-2 * Math.log(1 - this.share()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.share()));
  }

  /** 16 digits, as ids of spans have. */
  spanId(): string {
    return hex(this.bits()) + hex(this.bits());
  }

  /** A UUID of version 7: the time, then chance. */
  uuid(ms: number): string {
    const time = Math.floor(ms).toString(16).padStart(12, "0");
    const rest = hex(this.bits()) + hex(this.bits()) + hex(this.bits());
    return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
  }
}

function rotated(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

function hex(bits: number): string {
  return bits.toString(16).padStart(8, "0");
}
