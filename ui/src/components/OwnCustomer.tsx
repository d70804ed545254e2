import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { meQuery } from "../api/queries.ts";
import { visible } from "../format/text.ts";
import { NothingFound, Ways } from "./EmptyState.tsx";
import notice from "./Notice.module.css";
import { OtherKey } from "./OtherKey.tsx";
import { usePageState } from "./usePageState.ts";

/**
 * A page, unless it is of a customer whom the reader's key does not open. To such a key the collector says that there is
 * no such customer; a page that said so too would send the reader looking for flows that do not arrive.
 */
export function OwnCustomer({ children }: { children: React.ReactNode }) {
  const { tenant } = useParams({ strict: false });
  const { data: me } = useQuery(meQuery());
  const own = me?.tenant ?? null;
  if (tenant === undefined || own === null || own === tenant) return children;
  return <NotYours tenant={tenant} own={own} />;
}

function NotYours({ tenant, own }: { tenant: string; own: string }) {
  usePageState("Not allowed");
  return (
    <>
      <h1 className="visually-hidden">Not allowed</h1>
      <NothingFound title={`Your key does not open ${visible(tenant)}`} Icon={IconLock}>
        <p className={notice["text"]}>It is bound to {visible(own)}, and shows nothing of other customers.</p>
        <OtherKey />
        <Ways>
          <Link to="/tenants/$tenant" params={{ tenant: own }}>
            The flows of {visible(own)}
          </Link>
        </Ways>
      </NothingFound>
    </>
  );
}
