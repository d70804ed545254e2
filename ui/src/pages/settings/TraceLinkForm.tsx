import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { changeSettings, settingsQuery } from "../../api/settings.ts";
import { Problem, Section } from "./Section.tsx";
import styles from "./SettingsPage.module.css";

const about =
  "Where a flow's trace can be seen, such as https://jaeger.example.com/trace/{traceId}. A flow's page links there.";

export function TraceLinkForm({ mayChange }: { mayChange: boolean }) {
  const queryClient = useQueryClient();
  const { data: settings, error } = useQuery(settingsQuery());
  const changing = useMutation({
    mutationFn: changeSettings,
    onSuccess: (changed) => queryClient.setQueryData(settingsQuery().queryKey, changed),
  });
  const isFixed = settings?.traceLinkFixed === true;
  return (
    <Section title="Trace link" about={about}>
      {settings && (
        <form
          key={settings.traceLink}
          className={styles["line"]}
          onSubmit={(event) => {
            event.preventDefault();
            const link = String(new FormData(event.currentTarget).get("link")).trim();
            changing.mutate({ traceLink: link === "" ? null : link });
          }}
        >
          <input
            name="link"
            aria-label="Trace link"
            className={styles["wide"]}
            defaultValue={settings.traceLink ?? ""}
            placeholder="none"
            readOnly={!mayChange || isFixed}
            maxLength={2_000}
          />
          {mayChange && !isFixed && (
            <Button type="submit" size="xs" variant="default" loading={changing.isPending}>
              Save the link
            </Button>
          )}
          {changing.isSuccess && <span role="status">Saved</span>}
        </form>
      )}
      {isFixed && (
        <p className={styles["about"]}>Set by --trace-link or WEIR_TRACE_LINK: it can't be changed here.</p>
      )}
      <Problem error={error ?? changing.error} />
    </Section>
  );
}
