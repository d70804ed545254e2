/** The types of steps that stand one after the other: each begins with the state that the one before it left. */
import type { Step } from "./step.ts";

/** What takes steps and is a step: `sequence`. */
export interface Chain {
  <S>(): Step<S>;
  <A, B>(a: Step<A, B>): Step<A, B>;
  <A, B, C>(a: Step<A, B>, b: Step<B, C>): Step<A, C>;
  <A, B, C, D>(a: Step<A, B>, b: Step<B, C>, c: Step<C, D>): Step<A, D>;
  <A, B, C, D, E>(a: Step<A, B>, b: Step<B, C>, c: Step<C, D>, d: Step<D, E>): Step<A, E>;
  <A, B, C, D, E, F>(a: Step<A, B>, b: Step<B, C>, c: Step<C, D>, d: Step<D, E>, e: Step<E, F>): Step<A, F>;
  <A, B, C, D, E, F, G>(
    a: Step<A, B>,
    b: Step<B, C>,
    c: Step<C, D>,
    d: Step<D, E>,
    e: Step<E, F>,
    f: Step<F, G>,
  ): Step<A, G>;
  <A, B, C, D, E, F, G, H>(
    a: Step<A, B>,
    b: Step<B, C>,
    c: Step<C, D>,
    d: Step<D, E>,
    e: Step<E, F>,
    f: Step<F, G>,
    g: Step<G, H>,
  ): Step<A, H>;
  /** More than seven: none of them may add to the state. */
  <S>(...steps: Step<S>[]): Step<S>;
}
