import { Combobox, useCombobox } from "@mantine/core";
import { IconCheck, IconChevronDown, IconX } from "@tabler/icons-react";
import { useEffect, useEffectEvent, useId, useState } from "react";
import { visible } from "../../format/text.ts";
import styles from "./FilterMenu.module.css";

export interface Option {
  value: string;
  label: string;
  mark?: React.ReactNode;
}

interface FilterMenuProps {
  name: string;
  options: readonly Option[];
  chosen: readonly Option[];
  onToggle: (value: string) => void;
  onClear: () => void;
  /** Takes what was typed as a value of its own, where the options cannot name them all. */
  onType?: (text: string) => void;
  /** Said where there is nothing to choose. */
  empty?: string;
}

const mostShown = 200;

/** One filter: a button that says what is chosen, and a list to choose from. Several values are an "or". */
export function FilterMenu({ name, options, chosen, onToggle, onClear, onType, empty }: FilterMenuProps) {
  const [typed, setTyped] = useState("");
  const inputId = useId();
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setTyped("");
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  });
  const isChosen = (value: string) => chosen.some((option) => option.value === value);
  // What is chosen may be no option any more, and must still be there to be taken out.
  const all = [
    ...chosen.filter(({ value }) => !options.some((option) => option.value === value)),
    ...options,
  ];
  const needle = typed.trim().toLowerCase();
  const found = all.filter(({ label }) => label.toLowerCase().includes(needle)).slice(0, mostShown);
  const canType = onType !== undefined && needle !== "" && !found.some(({ label }) => label === typed.trim());
  // Enter takes the first that fits what was typed.
  const selectFirst = useEffectEvent(() => combobox.selectFirstOption());
  useEffect(() => {
    if (needle) selectFirst();
  }, [needle]);
  const needsSearch = all.length > 7 || onType !== undefined;

  return (
    <Combobox
      store={combobox}
      width={280}
      position="bottom-start"
      shadow="md"
      onOptionSubmit={(value) => {
        if (value === typedValue) {
          onType?.(typed.trim());
          setTyped("");
        } else onToggle(value);
      }}
    >
      <span className={styles["filter"]} data-on={chosen.length > 0 || undefined}>
        <Combobox.Target targetType="button" withAriaAttributes={false}>
          <button
            type="button"
            className={styles["button"]}
            onClick={() => combobox.toggleDropdown()}
            aria-haspopup="listbox"
            aria-expanded={combobox.dropdownOpened}
          >
            <span>{name}</span>
            {chosen.length > 0 && (
              <span className={`cut ${styles["chosen"]}`}>
                {chosen
                  .slice(0, 2)
                  .map(({ label }) => visible(label))
                  .join(", ")}
                {chosen.length > 2 && ` +${chosen.length - 2}`}
              </span>
            )}
            {chosen.length === 0 && <IconChevronDown size={13} aria-hidden="true" />}
          </button>
        </Combobox.Target>
        {chosen.length > 0 && (
          <button
            type="button"
            className={styles["clear"]}
            onClick={onClear}
            aria-label={`Clear the filter ${name}`}
          >
            <IconX size={13} aria-hidden="true" />
          </button>
        )}
      </span>
      <Combobox.Dropdown className={styles["dropdown"] ?? ""}>
        {needsSearch ? (
          <Combobox.Search
            id={inputId}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
            }}
            placeholder={onType ? `${name}: choose or type` : `Find a ${name.toLowerCase()}`}
            aria-label={`${name}: find`}
            maxLength={300}
          />
        ) : (
          <Combobox.EventsTarget>
            {/* Keys go somewhere, where there is nothing to type. */}
            <input className="visually-hidden" readOnly aria-label={name} ref={focusOnMount} />
          </Combobox.EventsTarget>
        )}
        <Combobox.Options className={styles["options"] ?? ""} aria-multiselectable="true" aria-label={name}>
          {found.map((option) => (
            <Combobox.Option
              key={option.value}
              value={option.value}
              active={isChosen(option.value)}
              aria-selected={isChosen(option.value)}
              className={styles["option"] ?? ""}
            >
              <span className={styles["check"]}>
                {isChosen(option.value) && <IconCheck size={14} aria-hidden="true" />}
              </span>
              {option.mark ?? (
                <span className="cut" title={option.label}>
                  {visible(option.label)}
                </span>
              )}
            </Combobox.Option>
          ))}
          {canType && (
            <Combobox.Option value={typedValue} className={styles["option"] ?? ""}>
              <span className={styles["check"]} />
              <span className="cut">Take “{typed.trim()}”</span>
            </Combobox.Option>
          )}
          {found.length === 0 && !canType && (
            <Combobox.Empty>
              {needle ? "Nothing has that name" : (empty ?? "Nothing to choose yet")}
            </Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

/** No option's value: those are names, or JSON of a label. */
const typedValue = "\u0000typed";

function focusOnMount(input: HTMLInputElement | null): void {
  input?.focus({ preventScroll: true });
}
