/** Resources that would wait for each other for ever. */
export class ResourceCycle extends Error {
  override readonly name = "ResourceCycle";
  /** Names, each waiting for the next; the last is the first again. */
  readonly path: readonly string[];

  constructor(path: readonly string[]) {
    super(
      `expected resources that do not wait for themselves, got the circle ${path.join(" → ")}: ` +
        `take one of them as .lazy and ask for it after the factory has returned`,
    );
    this.path = path;
  }
}
