/** A process that works on runs in a journal until it is killed: `node kept-process.ts <sqlite path> <world file> <begin | goOn>`. */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { each, ok, repeat, run, setState, sqliteJournal, wait, workflow } from "../../src/workflow/index.ts";

const [path = "", world = "", mode = ""] = process.argv.slice(2);
const journal = sqliteJournal(path);
const leaseMs = 300;

/** What was done outside; a line is written at once or not at all. */
const did = (what: string) => appendFileSync(world, `${what}\n`);

const tree = workflow(
  "kept",
  { initialState: { round: 0, list: ["a", "b", "c"], done: [] as string[] } },
  repeat(
    workflow(
      "round",
      { initialState: { round: 0, list: ["a", "b", "c"], done: [] as string[] } },
      setState((state) => ({ ...state, round: state.round + 1 })),
      run("push", async (state, { runId }) => {
        did(`${runId} push ${state.round}`);
        await sleep(1);
        return ok({ ...state, done: [...state.done, `push ${state.round}`] });
      }),
      wait(2),
      each("list", (item, state, { runId }) => {
        did(`${runId} ${item} ${state.round}`);
        return ok({ ...state, done: [...state.done, `${item} ${state.round}`] });
      }),
    ),
    { times: 4 },
  ),
);

const begun = mode === "begin" ? ["r1", "r2", "r3"].map((id) => tree.start({ id, journal, leaseMs })) : [];
let runs = [...begun];
await Promise.all(begun.map((each) => each.saved()));
console.log("ready");
while (mode !== "begin" && runs.length < 3) {
  runs = runs.concat(await tree.recover({ journal, leaseMs }));
  const left = await journal.nextDue({ flows: [tree], begunOnly: true });
  if (left === undefined) break;
  await sleep(20);
}
const ends = await Promise.all(runs.map((each) => each.done));
console.log(JSON.stringify(ends.map(({ done }) => done)));
await journal.close();
