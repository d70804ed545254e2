import { useEffect, useMemo, useState } from "react";
import type { Direction, GraphDefinition } from "./drawing.ts";
import type { LayoutAnswer, LayoutRequest } from "./layout.worker.ts";

/** `undefined` while it is worked out. A graph is laid out once, however its flow goes on. */
export function useGraphLayout(definition: GraphDefinition, direction: Direction): LayoutAnswer | undefined {
  const request = useMemo(() => JSON.stringify({ definition, direction }), [definition, direction]);
  const [answered, setAnswered] = useState<{ request: string; answer: LayoutAnswer }>();
  useEffect(() => {
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    const answer = (answer: LayoutAnswer) => setAnswered({ request, answer });
    worker.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => answer(data);
    worker.onerror = ({ message }) => answer({ error: message || "its worker could not be started" });
    worker.postMessage(JSON.parse(request) as LayoutRequest);
    return () => worker.terminate();
  }, [request]);
  return answered?.request === request ? answered.answer : undefined;
}
