import { IconFilter } from "@tabler/icons-react";
import { useRef } from "react";
import type { FlowFilter } from "../../filter/search.ts";
import { useKeys } from "../../keyboard/useKeys.ts";
import { FieldMenu } from "./FieldMenu.tsx";
import type { Field } from "./fields.ts";

/** All there is to filter by; `f` opens it. */
export function AddFilter({
  fields,
  onChange,
}: {
  fields: readonly Field[];
  onChange: (filter: FlowFilter) => void;
}) {
  const button = useRef<HTMLButtonElement>(null);
  useKeys({ f: () => button.current?.click() });
  return (
    <FieldMenu fields={fields} onChange={onChange}>
      {(toggle, expanded) => (
        <button
          ref={button}
          type="button"
          className="tool"
          onClick={toggle}
          aria-haspopup="listbox"
          aria-expanded={expanded}
          title="Add a filter (f)"
        >
          <IconFilter size={14} stroke={1.8} aria-hidden="true" /> Filter
        </button>
      )}
    </FieldMenu>
  );
}
