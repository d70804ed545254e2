import type { Definition } from "@weir/collector/schemas";
import { SidePanel } from "../components/SidePanel.tsx";
import { StatusIcon, stateWord } from "../components/StatusMark.tsx";
import { At, Duration } from "../components/Time.tsx";
import { plural, visible } from "../format/text.ts";
import type { PlacedStep } from "../waterfall/layout.ts";
import { countsInWords, Spent } from "./Counts.tsx";
import type { GraphDefinition } from "./drawing.ts";
import { edgeFacts, isGathered, type NodeFacts, nodeFacts, type ShapeFacts } from "./facts.ts";
import styles from "./NodePanel.module.css";
import { rowsOf, type TreeNode } from "./tree-rows.ts";

/** A loop goes through one thousands of times; the timeline has them all. */
const mostSteps = 100;

interface NodePanelProps {
  definition: Definition;
  node: string;
  facts: ShapeFacts;
  onSelectNode: (node: string | undefined) => void;
  onSelectStep: (step: string) => void;
}

/** All there is to know of one node of a workflow, and the steps that were its work. */
export function NodePanel({ definition, node, facts, onSelectNode, onSelectStep }: NodePanelProps) {
  const own = nodeFacts(facts, node);
  const inTree =
    definition.kind === "tree"
      ? rowsOf(definition.root).find((row) => row.node.id === node)?.node
      : undefined;
  return (
    <SidePanel
      label="Node"
      icon={own.state && <StatusIcon state={own.state} />}
      name={visible(inTree?.name ?? inTree?.type ?? node)}
      onClose={() => onSelectNode(undefined)}
    >
      <dl className={styles["facts"]}>
        {inTree && <TreeFacts node={inTree} />}
        <dt>Status</dt>
        <dd>
          {own.state ? stateWord(own.state) : "Not reached"}
          {own.steps.length > 0 && <span className="muted"> · {countsInWords(own)}</span>}
        </dd>
        {own.steps.length > 0 && (
          <>
            <dt>Took</dt>
            <dd>
              <Spent facts={own} />
              {own.steps.length > 1 && <span className="muted"> all in all</span>}
            </dd>
          </>
        )}
        {definition.kind === "graph" && (
          <GraphFacts definition={definition} node={node} facts={facts} onSelectNode={onSelectNode} />
        )}
      </dl>
      <section>
        <h3 className="heading">Steps</h3>
        <Steps facts={own} onSelect={onSelectStep} />
      </section>
    </SidePanel>
  );
}

function TreeFacts({ node }: { node: TreeNode }) {
  return (
    <>
      <dt>Does</dt>
      <dd>
        {node.type}
        {node.detail !== undefined && <span className="muted"> · {node.detail}</span>}
      </dd>
    </>
  );
}

interface GraphFactsProps {
  definition: GraphDefinition;
  node: string;
  facts: ShapeFacts;
  onSelectNode: (node: string) => void;
}

function GraphFacts({ definition, node, facts, onSelectNode }: GraphFactsProps) {
  const found = definition.nodes.find(({ id }) => id === node);
  if (found === undefined) return null;
  const edges = (end: "source" | "target") => definition.edges.filter((edge) => edge[end] === node);
  const rows = [
    { word: "From", far: "source" as const, edges: edges("target") },
    { word: "To", far: "target" as const, edges: edges("source") },
  ];
  return (
    <>
      {found.optional && (
        <>
          <dt>Optional</dt>
          <dd>its failure does not fail the flow</dd>
        </>
      )}
      {found.critical && (
        <>
          <dt>Critical</dt>
          <dd>its failure fails the flow</dd>
        </>
      )}
      {rows.map(
        ({ word, far, edges }) =>
          edges.length > 0 && (
            <div key={word} className={styles["pair"]}>
              <dt>{word}</dt>
              <dd>
                <ul className={styles["edges"]}>
                  {edges.map((edge) => (
                    <li key={edge.id}>
                      <button type="button" className="cut" onClick={() => onSelectNode(edge[far])}>
                        {visible(edge[far])}
                      </button>
                      <span className="cut muted" title={`${edge.event} → ${edge.slot}`}>
                        {edge.event} → {edge.slot}
                      </span>
                      <span className={styles["times"]}>
                        {isGathered(facts, edge)
                          ? "taken together"
                          : `${edgeFacts(facts, edge.id).deliveries}×`}
                      </span>
                    </li>
                  ))}
                </ul>
              </dd>
            </div>
          ),
      )}
    </>
  );
}

function Steps({ facts, onSelect }: { facts: NodeFacts; onSelect: (step: string) => void }) {
  const { steps } = facts;
  if (steps.length === 0) return <p className="muted">None yet.</p>;
  const shown = steps.slice(-mostSteps).reverse();
  return (
    <>
      <ul className={styles["steps"]}>
        {shown.map((placed) => (
          <li key={placed.step.id}>
            <StepLine placed={placed} onSelect={() => onSelect(placed.step.id)} />
          </li>
        ))}
      </ul>
      {shown.length < steps.length && (
        <p className="muted">The latest of {plural(steps.length, "step")}; the timeline has them all.</p>
      )}
    </>
  );
}

function StepLine({ placed: { step, state }, onSelect }: { placed: PlacedStep; onSelect: () => void }) {
  return (
    <button type="button" className={styles["step"]} onClick={onSelect}>
      <StatusIcon state={state} label={stateWord(state)} />
      <span className="cut" title={step.name}>
        {visible(step.name)}
      </span>
      {step.attempt > 1 && <span className="muted">attempt {step.attempt}</span>}
      <span className={styles["when"]}>
        <At at={step.startedAt} />
      </span>
      <span className={styles["took"]}>
        <Duration since={step.startedAt} ms={step.durationMs} open={state === "running"} />
      </span>
    </button>
  );
}
