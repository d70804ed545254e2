import { Button, Popover } from "@mantine/core";
import { IconCheck, IconClock } from "@tabler/icons-react";
import dayjs from "dayjs";
import { useState } from "react";
import { type Range, ranges } from "../../filter/range.ts";
import type { FlowFilter } from "../../filter/search.ts";
import styles from "./TimeFilter.module.css";

type Times = Pick<FlowFilter, "range" | "from" | "to">;

const anyTime: Times = { range: undefined, from: undefined, to: undefined };

/** When a flow started: a preset that moves with the clock, or two times that stand still. */
export function TimeFilter({ range, from, to, onChange }: Times & { onChange: (times: Times) => void }) {
  const [opened, setOpened] = useState(false);
  const isOn = Boolean(range ?? from ?? to);
  const choose = (times: Times) => {
    onChange({ ...anyTime, ...times });
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" width={280} trapFocus>
      <Popover.Target>
        <button type="button" className="tool" data-on={isOn || undefined} onClick={() => setOpened(!opened)}>
          <IconClock size={14} stroke={1.8} aria-hidden="true" />
          {isOn ? describe({ range, from, to }) : "Any time"}
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles["dropdown"] ?? ""} p={6}>
        <Preset label="Any time" isOn={!isOn} onClick={() => choose(anyTime)} />
        {Object.entries(ranges).map(([key, { label }]) => (
          <Preset
            key={key}
            label={label}
            isOn={range === key}
            onClick={() => choose({ range: key as Range })}
          />
        ))}
        <Custom from={from} to={to} onApply={choose} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Preset({ label, isOn, onClick }: { label: string; isOn: boolean; onClick: () => void }) {
  return (
    <button type="button" className={styles["preset"]} aria-pressed={isOn} onClick={onClick}>
      <span className={styles["check"]}>{isOn && <IconCheck size={14} aria-hidden="true" />}</span>
      {label}
    </button>
  );
}

/** The browser's own fields: they can be typed into, and speak the viewer's language. */
function Custom({ from, to, onApply }: Pick<Times, "from" | "to"> & { onApply: (times: Times) => void }) {
  const [start, setStart] = useState(toField(from));
  const [end, setEnd] = useState(toField(to));
  const isBackwards = start !== "" && end !== "" && start >= end;
  return (
    <form
      className={styles["custom"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBackwards) onApply({ from: fromField(start), to: fromField(end) });
      }}
    >
      <span className="heading">Started between, in local time</span>
      <input
        type="datetime-local"
        step={1}
        aria-label="Started at or after"
        value={start}
        onChange={(event) => setStart(event.currentTarget.value)}
      />
      <input
        type="datetime-local"
        step={1}
        aria-label="Started before"
        value={end}
        onChange={(event) => setEnd(event.currentTarget.value)}
      />
      {isBackwards && <p role="alert">The second time must be later than the first.</p>}
      <Button type="submit" size="compact-sm" disabled={isBackwards || (start === "" && end === "")}>
        Apply
      </Button>
    </form>
  );
}

function describe({ range, from, to }: Times): string {
  if (range) return ranges[range].label;
  const short = (at: string) =>
    dayjs(at).format(dayjs(at).isSame(dayjs(), "year") ? "D MMM HH:mm" : "D MMM YYYY HH:mm");
  if (from && to) return `${short(from)} – ${short(to)}`;
  return from ? `After ${short(from)}` : to ? `Before ${short(to)}` : "";
}

function toField(at: string | undefined): string {
  return at === undefined ? "" : dayjs(at).format("YYYY-MM-DDTHH:mm:ss");
}

function fromField(value: string): string | undefined {
  const time = dayjs(value);
  return value !== "" && time.isValid() ? time.toISOString() : undefined;
}
