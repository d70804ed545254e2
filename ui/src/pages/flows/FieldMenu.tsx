import { Combobox, useCombobox } from "@mantine/core";
import { IconCheck, IconChevronRight } from "@tabler/icons-react";
import { useEffect, useEffectEvent, useState } from "react";
import type { FlowFilter } from "../../filter/search.ts";
import { visible } from "../../format/text.ts";
import { type Choice, choicesOf } from "./choices.ts";
import styles from "./FieldMenu.module.css";
import type { Field } from "./fields.ts";

interface FieldMenuProps {
  /** Of one, its values are shown at once; of several, they are chosen from first. */
  fields: readonly Field[];
  onChange: (filter: FlowFilter) => void;
  children: (toggle: () => void, expanded: boolean) => React.ReactNode;
}

/** A list to choose filters from, by mouse or by typing. At the top, typing finds the values of all fields. */
export function FieldMenu({ fields, onChange, children }: FieldMenuProps) {
  const [typed, setTyped] = useState("");
  const [entered, setEntered] = useState<string | null>(null);
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setTyped("");
      setEntered(null);
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  });
  const only = fields.length === 1 ? fields[0] : fields.find(({ name }) => name === entered);
  const choices = combobox.dropdownOpened ? choicesOf(fields, only, typed) : [];

  // Enter takes the first that fits.
  const first = choices[0]?.id;
  const selectFirst = useEffectEvent(() => combobox.selectFirstOption());
  useEffect(() => {
    if (first !== undefined && combobox.dropdownOpened) selectFirst();
  }, [first, combobox.dropdownOpened]);

  function submit(id: string): void {
    const choice = choices.find((each) => each.id === id);
    if (!choice) return;
    setTyped("");
    if (choice.value === undefined) setEntered(choice.field.name);
    else onChange(choice.field.toggle(choice.value));
  }

  return (
    <Combobox store={combobox} width={300} position="bottom-start" shadow="md" onOptionSubmit={submit}>
      <Combobox.Target targetType="button" withAriaAttributes={false}>
        {children(() => combobox.toggleDropdown(), combobox.dropdownOpened)}
      </Combobox.Target>
      <Combobox.Dropdown className={styles["dropdown"] ?? ""}>
        <Combobox.Search
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Backspace" && typed === "") setEntered(null);
          }}
          placeholder={placeholder(only)}
          aria-label={only ? `${only.name}: find` : "Filter by"}
          maxLength={300}
        />
        <Combobox.Options
          className={styles["options"] ?? ""}
          aria-multiselectable="true"
          aria-label={only?.name ?? "Filters"}
        >
          {choices.map((choice) => (
            <Combobox.Option
              key={choice.id}
              value={choice.id}
              active={choice.isChosen}
              aria-selected={choice.isChosen}
              className={styles["option"] ?? ""}
            >
              <ChoiceRow choice={choice} />
            </Combobox.Option>
          ))}
          {choices.length === 0 && (
            <Combobox.Empty>
              {typed.trim() ? "Nothing has that name" : (only?.empty ?? "Nothing to choose yet")}
            </Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function ChoiceRow({ choice }: { choice: Choice }) {
  const { field, value, label, mark, isChosen, isFound } = choice;
  if (value === undefined) {
    return (
      <>
        <span className={styles["label"]}>{field.name}</span>
        <span className={`cut ${styles["now"]}`}>
          {field.chosen.map((each) => visible(each.label)).join(", ")}
        </span>
        <IconChevronRight size={13} aria-hidden="true" className={styles["arrow"]} />
      </>
    );
  }
  return (
    <>
      <span className={styles["check"]}>{isChosen && <IconCheck size={14} aria-hidden="true" />}</span>
      {isFound && <span className={styles["of"]}>{field.name}</span>}
      <span className="cut" title={label}>
        {mark ?? visible(label)}
      </span>
    </>
  );
}

function placeholder(field: Field | undefined): string {
  if (!field) return "Filter by…";
  return field.takesTyped ? `${field.name}: choose or type` : `Find a ${field.name.toLowerCase()}`;
}
