/**
 * What a package's entries export, as the compiler declares it: signatures without bodies, with their doc comments.
 * Read from the declarations that the compiler writes, so that the reference shows the types that users get; by the compiler's own
 * API, as typedoc does not read the version of TypeScript that this is written in.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, type Project, SymbolFlags, type Symbol as TypeSymbol } from "typescript/unstable/sync";
import { ROOT } from "../run.ts";

/** One name that an entry exports. */
export interface Export {
  name: string;
  kind: "value" | "class" | "error" | "type";
  /** Its declarations, overloads in their order; the same objects for whoever exports it again. */
  declarations: readonly Declaration[];
}

export interface Declaration {
  /** File and place: where two entries export the same thing, it is the same. */
  id: string;
  /** The doc comment with its stars; empty where there is none. */
  comment: string;
  /** Without the comment before it; comments of members are in it. */
  code: string;
  members: readonly Member[];
}

/** A property or method of an object type, an interface or a class. */
export interface Member {
  name: string;
  comment: string;
  /** The text of a literal type, without quotes. */
  literal?: string | undefined;
}

export interface Entry {
  /** The doc comment at the top of the file. */
  comment: string;
  exports: readonly Export[];
  /** `declare module` and `declare global`: what is added to others' types. */
  augmentations: readonly string[];
}

/** Reads entries of one package. */
export interface Declarations {
  /** @param file relative to the package's `src`: `durable/index.ts` */
  entry(file: string): Entry;
}

const execute = promisify(execFile);

/**
 * @param files the sources to start from, relative to the package's `src`
 * @throws {Error} where its declarations can't be written
 * @example await withDeclarations("sdk", ["index.ts"], ({ entry }) => entry("index.ts").exports.length);
 */
export async function withDeclarations<T>(
  name: string,
  files: readonly string[],
  use: (declarations: Declarations) => T,
): Promise<T> {
  const source = join(ROOT, name, "src");
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "weir-docs-")));
  const api = new API({ cwd: folder });
  try {
    await emit(
      join(ROOT, name),
      files.map((file) => join(source, file)),
      folder,
    );
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ compilerOptions: READING, include: ["**/*.d.ts"] }));
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined) throw new Error(`${name}: expected its declarations in ${folder}, got none`);
    return use({
      entry: (file) => ({
        ...readEntry(project, join(folder, file.replace(/\.tsx?$/, ".d.ts"))),
        comment: commentAtTop(join(source, file)),
      }),
    });
  } finally {
    api.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const READING = {
  module: "nodenext",
  target: "esnext",
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
};

async function emit(home: string, files: string[], outDir: string): Promise<void> {
  const config = join(outDir, "emit.json");
  const compilerOptions = {
    rootDir: join(home, "src"),
    outDir,
    emitDeclarationOnly: true,
    // Types are checked elsewhere.
    noCheck: true,
    sourceMap: false,
    inlineSources: false,
    // Looked for from the settings' own folder otherwise.
    typeRoots: [join(ROOT, "node_modules", "@types")],
  };
  writeFileSync(
    config,
    JSON.stringify({ extends: join(home, "tsconfig.build.json"), files, include: [], compilerOptions }),
  );
  const tsc = join(ROOT, "node_modules", ".bin", "tsc");
  await execute(tsc, ["--project", config], { cwd: home }).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${home}: expected declarations of it, got ${error.stdout || error.message}`, {
      cause: error,
    });
  });
}

/** From the source: the compiler leaves it out where the import below it is not needed. */
function commentAtTop(path: string): string {
  return /^\/\*\*.*?\*\//s.exec(readFileSync(path, "utf8"))?.[0] ?? "";
}

function readEntry(project: Project, path: string): Omit<Entry, "comment"> {
  const file = project.program.getSourceFile(path);
  const module = file && project.checker.getSymbolAtLocation(file);
  if (file === undefined || module === undefined) throw new Error(`expected a module at ${path}, got none`);
  return {
    exports: project.checker.getExportsOfModule(module).map((symbol) => readExport(project, symbol)),
    augmentations: augmentationsIn(file),
  };
}

function readExport({ checker }: Project, symbol: TypeSymbol): Export {
  const own = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const nodes = own.declarations.flatMap((handle) => handle.resolve() ?? []).map(statementOf);
  const declarations = nodes.map(declarationOf);
  return { name: symbol.name, kind: kindOf(own, declarations), declarations };
}

function kindOf({ flags }: TypeSymbol, declarations: readonly Declaration[]): Export["kind"] {
  if (flags & SymbolFlags.Class) {
    return declarations.some(({ code }) => / extends \w*Error\b/.test(code)) ? "error" : "class";
  }
  return flags & SymbolFlags.Value ? "value" : "type";
}

/** A variable's declaration is three levels below the statement that has the comment. */
function statementOf(node: Node): Node {
  let statement = node;
  while (statement.parent.kind !== SyntaxKind.SourceFile) statement = statement.parent;
  return statement;
}

function declarationOf(node: Node): Declaration {
  const file = node.getSourceFile();
  return {
    id: `${file.fileName}:${node.pos}`,
    comment: commentOf(node),
    code: tidy(node.getText()),
    members: membersOf(node),
  };
}

function membersOf(node: Node): Member[] {
  const members: Member[] = [];
  node.forEachChild((child) => {
    if (MEMBERS.has(child.kind)) {
      const [, name = ""] = /^(?:readonly\s+)?["']?([\w$.-]+)/.exec(child.getText()) ?? [];
      const [, literal] = /: "([^"]*)";?$/.exec(child.getText()) ?? [];
      members.push({ name, comment: commentOf(child), literal });
    } else if (HOLDERS.has(child.kind)) members.push(...membersOf(child));
  });
  return members;
}

const MEMBERS = new Set([
  SyntaxKind.PropertySignature,
  SyntaxKind.MethodSignature,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.MethodDeclaration,
]);
const HOLDERS = new Set([
  SyntaxKind.VariableDeclarationList,
  SyntaxKind.VariableDeclaration,
  SyntaxKind.TypeLiteral,
]);

function commentOf(node: Node): string {
  return node.jsDoc?.at(-1)?.getText() ?? "";
}

function augmentationsIn(file: SourceFile): string[] {
  return file.statements
    .filter((each) => each.kind === SyntaxKind.ModuleDeclaration)
    .map((each) => tidy(each.getText()));
}

/** As it is written by hand: two spaces, and nothing that users can't see. */
function tidy(code: string): string {
  return code
    .replace(/^export /, "")
    .replace(/^declare (?=(abstract |const|function|class|let|type|interface))/, "")
    .replaceAll(/^( {4})+/gm, (spaces) => " ".repeat(spaces.length / 2))
    .replaceAll(/^ *(#private|private \w+);\n/gm, "")
    .replace(/\{\n\}$/, "{}");
}
