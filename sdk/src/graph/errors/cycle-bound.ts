/** A delivery would have gone round a cycle more often than its connection allows. */
export class CycleBound extends Error {
  override readonly name = "CycleBound";
  readonly connection: string;
  readonly maxTurns: number;

  constructor(connection: string, maxTurns: number) {
    super(
      `connection ${connection}: expected a delivery to take it at most ${maxTurns} times, got one more. ` +
        "End the cycle in the routine, or raise maxTurns of the connection",
    );
    this.connection = connection;
    this.maxTurns = maxTurns;
  }
}
