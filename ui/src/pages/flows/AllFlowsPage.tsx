import { getRouteApi } from "@tanstack/react-router";
import { usePageState } from "../../components/usePageState.ts";
import styles from "./FlowsPages.module.css";
import { FlowsView } from "./FlowsView.tsx";

const route = getRouteApi("/flows");

export function AllFlowsPage() {
  usePageState("Flows");
  return (
    <>
      <h1 className={styles["title"]}>Flows of all customers</h1>
      <FlowsView search={route.useSearch()} tenant={null} />
    </>
  );
}
