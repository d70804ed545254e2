/** The REST API, from the OpenAPI document that a collector serves. */
import { join } from "node:path";
import type { Json, OpenApi, Operation, ResponseObject } from "../../collector/src/http/openapi-types.ts";
import { Child } from "../child.ts";
import { ROOT } from "../run.ts";
import { table } from "./table.ts";

/** As much of JSON Schema as stands in the document. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: Json[];
  const?: Json;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  description?: string;
  default?: Json;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
}

/** Asks a collector for it. */
export async function openApiDocument(): Promise<OpenApi> {
  const args = [
    join(ROOT, "collector", "src", "cli.ts"),
    "serve",
    "--store",
    "memory:",
    "--port",
    "0",
    "--grpc-port",
    "off",
  ];
  const collector = new Child({
    name: "collector",
    command: process.execPath,
    args,
    cwd: ROOT,
    env: { WEIR_LOG_LEVEL: "error" },
  });
  try {
    const [, address] = (await collector.says(/listening on (\S+)/)) ?? [];
    if (address === undefined)
      throw new Error("expected a collector that listens, it ended: its own line says why");
    return (await (await fetch(`${address}/api/v1/openapi.json`)).json()) as OpenApi;
  } finally {
    await collector.stop();
  }
}

export function restPage({ info, tags, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const sections = tags.flatMap(({ name }) => [
    `## ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    ...operations
      .filter(({ operation }) => operation.tags[0] === name)
      .map(({ route, operation }) => section(route, operation)),
  ]);
  const responses = Object.entries(components.responses).map(([code, { description }]) => [
    `\`${code}\``,
    description,
  ]);
  const schemas = Object.entries(components.schemas).map(([name, schema]) => named(name, schema as Schema));
  return `# REST

${info.description}

The same as OpenAPI 3.1: \`GET /api/v1/openapi.json\`; to read, in a collector: \`/docs\`. From TypeScript: [the client](client.md).

${sections.join("\n\n")}

## Error codes

${table(["code", "means"], responses)}

## What is answered

${schemas.join("\n\n")}
`;
}

function section(
  route: string,
  { summary, description, parameters = [], requestBody, responses }: Operation,
): string {
  const rows = parameters.map((each) => {
    const schema = each.schema as Schema;
    const repeats = schema.type === "array";
    const shape =
      each.style === "form"
        ? "`label.<key>=…`"
        : `\`${shapeOf(repeats ? (schema.items as Schema) : schema)}\``;
    const name = each.style === "form" ? "`label.<key>`" : `\`${each.name}\``;
    return [name, each.in, shape, `${each.description}${boundsOf(schema)}${repeats ? "; may repeat" : ""}`];
  });
  const body = requestBody?.content["application/json"]?.schema as Schema | undefined;
  return [
    `### ${route}`,
    `${summary}.`,
    description,
    rows.length > 0 && table(["parameter", "in", "takes", ""], rows),
    body && `Body:\n\n${fields(body)}`,
    answers(responses),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** What it answers where it goes well; errors are the same everywhere. */
function answers(responses: Operation["responses"]): string {
  return Object.entries(responses)
    .filter(
      (entry): entry is [string, ResponseObject] => "description" in entry[1] && entry[0].startsWith("2"),
    )
    .map(([status, { description, content = {} }]) => {
      const kinds = Object.entries(content).map(([type, { schema }]) => {
        const shape = linked(shapeOf(schema as Schema));
        return type === "application/json"
          ? shape
          : `${shape === "`string`" ? "" : `${shape} as `}\`${type}\``;
      });
      return `Answers ${status}: ${[description, ...kinds].join(", ")}.`;
    })
    .join("\n");
}

function named(name: string, schema: Schema): string {
  const said =
    schema.description === undefined
      ? ""
      : `${schema.description.charAt(0).toUpperCase()}${schema.description.slice(1)}.\n\n`;
  const shape = schema.properties === undefined ? linked(shapeOf(schema)) : fields(schema);
  return `### ${name}\n\n${said}${shape}`;
}

function fields({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) => [
    `\`${name}\`${required.includes(name) ? "" : " (may be left out)"}`,
    linked(shapeOf(schema)),
    `${wordsOf(schema)}${boundsOf(schema)}`,
  ]);
  return table(["field", "is", ""], rows);
}

/** Words on the schema itself, or on what it is beside null. */
function wordsOf({ description, anyOf }: Schema): string {
  return description ?? anyOf?.map((each) => each.description).find(Boolean) ?? "";
}

function boundsOf({ default: fallback, minimum, maximum, maxItems }: Schema): string {
  const bounds = [
    minimum !== undefined && minimum > 0 && `at least ${minimum.toLocaleString("en")}`,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && `at most ${maximum.toLocaleString("en")}`,
    maxItems !== undefined && `at most ${maxItems.toLocaleString("en")}`,
    fallback !== undefined && `default \`${JSON.stringify(fallback)}\``,
  ].filter(Boolean);
  return bounds.length === 0 ? "" : `; ${bounds.join(", ")}`;
}

/** Written as TypeScript writes a type. */
function shapeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.replace(/^.*\//, "");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(shapeOf).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.type === "array") return arrayOf(shapeOf(schema.items ?? {}));
  if (schema.properties !== undefined)
    return `{ ${Object.keys(schema.properties)
      .map((key) => propertyOf(schema, key))
      .join(", ")} }`;
  if (typeof schema.additionalProperties === "object")
    return `{ [key]: ${shapeOf(schema.additionalProperties)} }`;
  return schema.type ?? "any";
}

function propertyOf({ properties = {}, required = [] }: Schema, key: string): string {
  return `${key}${required.includes(key) ? "" : "?"}: ${shapeOf(properties[key] as Schema)}`;
}

function arrayOf(shape: string): string {
  return shape.includes(" ") ? `(${shape})[]` : `${shape}[]`;
}

/** As code, with a link to each schema that has a name. */
function linked(shape: string): string {
  const names = [...new Set(shape.match(/\b[A-Z][A-Za-z]+\b/g) ?? [])];
  if (names.length === 1 && /^[A-Z][A-Za-z]+(\[\])?( \| null)?$/.test(shape)) {
    const [name = ""] = names;
    return `[\`${shape}\`](#${name.toLowerCase()})`;
  }
  const links = names.map((name) => `[${name}](#${name.toLowerCase()})`);
  return links.length === 0 ? `\`${shape}\`` : `\`${shape}\`: ${links.join(", ")}`;
}
