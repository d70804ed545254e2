import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { namesQuery } from "../../api/queries.ts";
import { changeSettings, settingsQuery } from "../../api/settings.ts";
import { Table } from "../../components/Table.tsx";
import { visible } from "../../format/text.ts";
import { readLimit, writeLimit } from "./limitTime.ts";
import { Problem, Section } from "./Section.tsx";
import styles from "./SettingsPage.module.css";

const about =
  "An open flow counts as stalled when it takes far longer than its runs usually do. A limit of its own overrules that, for all customers.";

export function StalledLimits({ mayChange }: { mayChange: boolean }) {
  const queryClient = useQueryClient();
  const { data: settings, error } = useQuery(settingsQuery());
  const { data: names = [] } = useQuery(namesQuery(null));
  const [wrong, setWrong] = useState<Error | null>(null);
  const changing = useMutation({
    mutationFn: changeSettings,
    onSuccess: (changed) => queryClient.setQueryData(settingsQuery().queryKey, changed),
  });

  function add(form: HTMLFormElement): void {
    const fields = new FormData(form);
    const limitMs = readLimit(String(fields.get("limit")));
    const name = String(fields.get("name")).trim();
    const isTime = limitMs !== undefined && name !== "";
    setWrong(isTime ? null : new Error("Expected a flow's name and a time such as 90s, 10m, 2h or 1d."));
    if (isTime) changing.mutate({ stalledAfter: [{ name, limitMs }] }, { onSuccess: () => form.reset() });
  }

  return (
    <Section title="Stalled after" about={about}>
      {settings && settings.stalledAfter.length > 0 && (
        <Table label="Limits" heads={["Flow", "Stalled after", ""]}>
          {settings.stalledAfter.map(({ name, limitMs, fixed }) => (
            <tr key={name}>
              <td>{visible(name)}</td>
              <td>{writeLimit(limitMs)}</td>
              <td>
                {fixed ? (
                  <span className="muted">set by --stalled-after</span>
                ) : (
                  mayChange && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`Take away the limit of ${name}`}
                      onClick={() => changing.mutate({ stalledAfter: [{ name, limitMs: null }] })}
                    >
                      Take away
                    </Button>
                  )
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {settings?.stalledAfter.length === 0 && <p className="muted">No flow has a limit of its own.</p>}
      {mayChange && (
        <form
          className={styles["line"]}
          onSubmit={(event) => {
            event.preventDefault();
            add(event.currentTarget);
          }}
        >
          <input name="name" aria-label="Flow" placeholder="data_import" list="flow-names" maxLength={256} />
          <datalist id="flow-names">
            {names.slice(0, 200).map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <input name="limit" aria-label="Stalled after" placeholder="10m" className={styles["short"]} />
          <Button type="submit" size="xs" variant="default" loading={changing.isPending}>
            Set the limit
          </Button>
        </form>
      )}
      <Problem error={error ?? wrong ?? changing.error} />
    </Section>
  );
}
