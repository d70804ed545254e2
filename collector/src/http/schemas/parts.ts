/** What the schemas of the API are made of. */
import { type Static, type TSchema, Type } from "typebox";

export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** Not `Type.Record`: its pattern `^.*$` would lose keys with a line break. */
export const Dictionary = <T extends TSchema>(values: T) =>
  Type.Unsafe<Record<string, Static<T>>>({ type: "object", additionalProperties: values });

export const Time = Type.String({
  format: "date-time",
  description: "RFC 3339, UTC, milliseconds",
  examples: ["2026-11-22T10:00:00.000Z"],
});

export const Milliseconds = Type.Number({ description: "milliseconds" });

export const Rate = Type.Number({ description: "a share: 0 to 1" });

export const Cursor = Nullable(Type.String({ description: "for the next page; null on the last" }));

export const Counts = Dictionary(Type.Integer());
