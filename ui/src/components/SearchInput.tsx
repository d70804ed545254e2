import { CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import styles from "./SearchInput.module.css";

const typingPause = 250;

interface SearchInputProps {
  value: string;
  /** Called when typing pauses. */
  onChange: (value: string) => void;
  placeholder: string;
}

/** The page's search. What is typed shows at once and counts a moment later; `/` comes here. */
export function SearchInput({ value, onChange, placeholder }: SearchInputProps) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const input = useRef<HTMLInputElement>(null);

  // The address changed from elsewhere: back, a link, "clear all".
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    setShown(value);
    if (value !== typed.trim()) setTyped(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);

  function type(text: string): void {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(text.trim()), typingPause);
  }

  function clear(): void {
    clearTimeout(timer.current);
    setTyped("");
    onChange("");
  }

  return (
    <TextInput
      ref={input}
      data-page-search
      className={styles["search"] ?? ""}
      size="sm"
      type="search"
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        if (typed) clear();
        else input.current?.blur();
      }}
      placeholder={placeholder}
      aria-label={placeholder}
      maxLength={500}
      leftSection={<IconSearch size={15} stroke={1.8} />}
      rightSection={
        typed ? (
          <CloseButton size="sm" aria-label="Clear the search" onClick={clear} />
        ) : (
          <kbd className={`key ${styles["key"]}`} title="Press / to search">
            /
          </kbd>
        )
      }
    />
  );
}
