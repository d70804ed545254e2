/**
 * The file of a thread, beside the one that starts it: TypeScript where this runs from source, else what it was built to.
 *
 * @param from the `import.meta.url` of who asks
 * @example new Worker(threadFile(import.meta.url, "writer"));
 */
export function threadFile(from: string, name: string): URL {
  return new URL(from.endsWith(".ts") ? `./${name}.ts` : `./${name}.js`, from);
}
