import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { flowKey, updateDetail } from "../../api/patch.ts";
import { flowQuery, hasChanged, outlineQuery } from "../../api/queries.ts";
import { throttle } from "../../api/throttle.ts";
import { useStream } from "../../api/useStream.ts";

/** Events and children are not on the stream: after a change they are asked for, a big flow less often. */
const refetchEvery = 3_000;
const refetchBigEvery = 20_000;
const bigFlow = 3_000;
/** The API takes no longer text to find. */
const longestText = 1_000;

/** @param begins nothing in it is asked for yet: its outline will do until all of it is there */
export function useLiveFlow(tenant: string, id: string, begins: boolean) {
  const queryClient = useQueryClient();
  const options = useMemo(() => flowQuery(tenant, id, begins), [tenant, id, begins]);
  const query = useQuery(options);
  // Asked for on the way to the whole.
  const { data: outline } = useQuery({ ...outlineQuery(tenant, id), enabled: false });

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

  /** What was told while the answer was on its way is not in it. */
  const isBehind = useRef(false);
  const isThere = query.data !== undefined;
  useEffect(() => {
    if (isThere && isBehind.current) refetch();
    isBehind.current = false;
  }, [isThere, refetch]);

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
      if (!isThere) isBehind.current = true;
      queryClient.setQueryData(options.queryKey, (detail) => detail && updateDetail(detail, flow, steps));
      refetch();
    } else if (batch.resync) void resync();
  });
  const { data: whole } = query;
  return { ...query, flow: whole ?? outline, below: whole ? undefined : outline?.below };
}
