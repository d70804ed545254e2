/** Every path that takes some methods says 405 to all others, with `Allow`, before a body is read. */
import { METHODS } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { WeirError } from "../errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Set on the routes that say 405. */
    refusesMethod?: boolean;
  }
}

/** Holds for the routes that are added after it, in all scopes. Routes of one path belong into one scope. */
export function addMethodChecks(app: FastifyInstance): void {
  // Without this a method that Fastify does not know would be 404 on every path.
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  }

  const taken = new Map<string, Set<string>>();
  app.addHook("onRoute", function addRefusal(this: FastifyInstance, route) {
    const methods = takenBy(route);
    const known = taken.get(route.url);
    for (const method of methods) known?.add(method);
    if (known !== undefined || methods.length === 0) return;
    const takes = new Set(methods);
    taken.set(route.url, takes);
    // Loaded once the scope has named all its routes.
    this.register(async (scope) => {
      scope.route({
        url: route.routePath,
        method: scope.supportedMethods.filter((method) => !takes.has(method)),
        config: { refusesMethod: true, access: route.config?.access ?? "key" },
        onRequest: refusal([...takes].join(", ")),
        handler: () => {},
      });
    });
  });
}

/** None of routes that stand for more than one path, or that another route has brought with it. */
function takenBy({ method, url, config }: RouteOptions): string[] {
  const methods = [method].flat();
  if (config?.refusesMethod || url.endsWith("*") || methods.includes("HEAD")) return [];
  return methods.includes("GET") ? [...methods, "HEAD"] : methods;
}

function refusal(allow: string) {
  return async function refuseMethod(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.header("allow", allow);
    throw new WeirError("method_not_allowed", `${request.method} is not possible here: expected ${allow}`);
  };
}
