/** `GET /metrics`: figures for Prometheus, and for all that reads its text format. */
import type { FastifyInstance } from "fastify";

const METRICS = {
  summary: "Figures for Prometheus",
  response: {
    200: {
      description: "Prometheus's text format",
      content: { "text/plain": { schema: { type: "string" } } },
    },
  },
};

/** `render` gives the text and its content type. */
export function addMetrics(
  app: FastifyInstance,
  render: () => Promise<{ type: string; text: string }>,
): void {
  app.get("/metrics", { config: { access: "read-all" }, schema: METRICS }, async (_request, reply) => {
    const { type, text } = await render();
    return reply.header("content-type", type).header("cache-control", "no-store").send(text);
  });
}
