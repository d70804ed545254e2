import { IconArrowLeft } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { visible } from "../../format/text.ts";
import styles from "./SharedFlow.module.css";
import { SharedFlow } from "./SharedFlow.tsx";
import { SharedFrame } from "./SharedFrame.tsx";

const route = getRouteApi("/s/$token/flows/$id");

/** One of the flows that a link lists. */
export function SharedFlowPage() {
  const { token, id } = route.useParams();
  const { selected } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <SharedFrame token={token}>
      {(shared) => (
        <>
          <Link to="/s/$token" params={{ token }} className={styles["back"]}>
            <IconArrowLeft size={14} aria-hidden="true" /> All {visible(shared.name ?? "")} flows
          </Link>
          <SharedFlow
            token={token}
            id={id}
            selected={selected}
            onSelect={(step, replace = false) =>
              navigate({ search: (before) => ({ ...before, selected: step }), replace, resetScroll: false })
            }
          />
        </>
      )}
    </SharedFrame>
  );
}
