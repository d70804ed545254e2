import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState } from "react";
import { Dialog } from "../components/Dialog.tsx";
import styles from "./Palette.module.css";
import { PaletteRow } from "./PaletteRow.tsx";
import { usePaletteResults } from "./usePaletteResults.ts";

/** Goes to any customer, flow or page by a few letters. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const { groups, isLooking, trouble } = usePaletteResults(typed);
  const results = groups.flatMap((group) => group.results);
  const current = Math.min(chosen, results.length - 1);
  const navigate = useNavigate();
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const optionId = (index: number) => `${listId}-${index}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen comes into sight when it changes
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const open = (index: number) => {
    const result = results[index];
    if (!result) return;
    onClose();
    void navigate(result.target);
  };

  function onKeyDown(event: React.KeyboardEvent): void {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move !== undefined) setChosen((current + move + results.length) % Math.max(1, results.length));
    else if (event.key === "Enter") open(current);
    else return;
    event.preventDefault();
  }

  let index = -1;
  return (
    <Dialog title="Go to" onClose={onClose} bare>
      <div className={styles["field"]}>
        <IconSearch size={17} stroke={1.8} aria-hidden="true" />
        <input
          className={styles["input"]}
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={current >= 0 ? optionId(current) : undefined}
          aria-label="Go to a customer, a flow or a page"
          placeholder="Customer, flow id, text or page"
          autoComplete="off"
          spellCheck={false}
          maxLength={500}
          autoFocus
          value={typed}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setChosen(0);
          }}
        />
        <kbd className="key">Esc</kbd>
      </div>
      <div id={listId} ref={list} role="listbox" aria-label="Results" className={styles["list"]}>
        {groups.map(({ title, results: ofGroup }) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options in a list box is no fieldset
          <div key={title} role="group" aria-label={title} className={styles["group"]}>
            <div className="heading" aria-hidden="true">
              {title}
            </div>
            {ofGroup.map((result) => {
              index += 1;
              const own = index;
              return (
                <PaletteRow
                  key={result.key}
                  id={optionId(own)}
                  result={result}
                  isChosen={own === current}
                  onOpen={() => open(own)}
                  onPoint={() => setChosen(own)}
                />
              );
            })}
          </div>
        ))}
      </div>
      <p className={styles["foot"]} role="status">
        {trouble ??
          (isLooking
            ? "Looking…"
            : results.length === 0
              ? "Nothing has that name"
              : "↑ ↓ to choose, Enter to go")}
      </p>
    </Dialog>
  );
}
