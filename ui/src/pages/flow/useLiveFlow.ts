import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { flowKey, updateDetail } from "../../api/patch.ts";
import { flowQuery, hasChanged } from "../../api/queries.ts";
import { throttle } from "../../api/throttle.ts";
import { useStream } from "../../api/useStream.ts";

/** Events and children are not on the stream: after a change they are asked for, a big flow less often. */
const refetchEvery = 3_000;
const refetchBigEvery = 20_000;
const bigFlow = 3_000;
/** The API takes no longer text to find. */
const longestText = 1_000;

export function useLiveFlow(tenant: string, id: string) {
  const queryClient = useQueryClient();
  const options = useMemo(() => flowQuery(tenant, id), [tenant, id]);
  const query = useQuery(options);

  const isBig = (query.data?.steps.length ?? 0) > bigFlow;
  const refetch = useMemo(
    () =>
      throttle(
        () => void queryClient.invalidateQueries({ queryKey: options.queryKey }),
        isBig ? refetchBigEvery : refetchEvery,
      ),
    [queryClient, options, isBig],
  );
  useEffect(() => () => refetch.cancel(), [refetch]);

  /** Of what happened while no stream was open nobody was told: as a rule it is nothing. */
  async function resync(): Promise<void> {
    const known = queryClient.getQueryData(options.queryKey);
    if (known === undefined || !isBig || (await hasChanged(known).catch(() => true))) refetch();
  }

  // The id, as text to be found, narrows the customer's stream to this flow and few others.
  useStream({ tenant: [tenant], q: id.slice(0, longestText) }, (batch) => {
    const flow = batch.flows.get(flowKey({ tenant, id }));
    const steps = batch.steps.filter((change) => change.tenant === tenant && change.flowId === id);
    if (flow || steps.length > 0) {
      queryClient.setQueryData(options.queryKey, (detail) => detail && updateDetail(detail, flow, steps));
      refetch();
    } else if (batch.resync) void resync();
  });
  return query;
}
