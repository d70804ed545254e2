import type { Field } from "./fields.ts";

/** A line of the filter menu: a field to enter, or a value to take. */
export interface Choice {
  id: string;
  field: Field;
  /** Absent: the field itself. */
  value?: string;
  label: string;
  mark?: React.ReactNode;
  isChosen: boolean;
  /** Found by typing among all fields, so that it must say whose it is. */
  isFound: boolean;
}

const mostShown = 200;
const mostFoundOfEach = 8;

/** What the menu shows. `only`: the field that was entered. */
export function choicesOf(fields: readonly Field[], only: Field | undefined, typed: string): Choice[] {
  const text = typed.trim();
  if (only) return [...valuesOf(only, text, false, mostShown), ...typedValue(only, text)];
  const names = fields.filter(({ name }) => fits(name, text)).map(asChoice);
  if (text === "") return names;
  return [...names, ...fields.flatMap((field) => valuesOf(field, text, true, mostFoundOfEach))];
}

function asChoice(field: Field): Choice {
  return { id: JSON.stringify([field.name]), field, label: field.name, isChosen: false, isFound: false };
}

function valuesOf(field: Field, text: string, isFound: boolean, most: number): Choice[] {
  const isChosen = (value: string) => field.chosen.some((option) => option.value === value);
  // What is chosen may be no option any more, and must still be there to be taken out.
  const gone = field.chosen.filter(({ value }) => !field.options.some((option) => option.value === value));
  return [...gone, ...field.options]
    .filter(({ label }) => fits(label, text))
    .slice(0, most)
    .map((option) => ({
      ...option,
      id: JSON.stringify([field.name, option.value]),
      field,
      isChosen: isChosen(option.value),
      isFound,
    }));
}

function typedValue(field: Field, text: string): Choice[] {
  if (!field.takesTyped || text === "") return [];
  if ([...field.options, ...field.chosen].some(({ label }) => label === text)) return [];
  const id = JSON.stringify([field.name, text, "typed"]);
  return [{ id, field, value: text, label: text, mark: `Take “${text}”`, isChosen: false, isFound: false }];
}

function fits(label: string, text: string): boolean {
  return label.toLowerCase().includes(text.toLowerCase());
}
