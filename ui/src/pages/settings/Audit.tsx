import { useQuery } from "@tanstack/react-query";
import type { AuditEntry } from "@weir/collector/schemas";
import { auditQuery } from "../../api/settings.ts";
import { Table } from "../../components/Table.tsx";
import { At } from "../../components/Time.tsx";
import { visible } from "../../format/text.ts";
import { Problem, Section } from "./Section.tsx";

const words: Record<AuditEntry["action"], string> = {
  "key.create": "made a key",
  "key.revoke": "revoked a key",
  "share.create": "made a link",
  "share.revoke": "revoked a link",
  "settings.change": "changed settings",
};

export function Audit() {
  const { data: entries, error } = useQuery(auditQuery());
  return (
    <Section title="Who did what" about="The last twenty; the API has all of them.">
      <Problem error={error} />
      {entries?.length === 0 && <p className="muted">Nothing yet.</p>}
      {entries && entries.length > 0 && (
        <Table label="Who did what" heads={["When", "Who", "Did", "About"]}>
          {entries.map(({ at, by, action, subject, detail }) => (
            <tr key={`${at} ${action} ${subject} ${detail}`}>
              <td>
                <At at={at} />
              </td>
              <td>{visible(by)}</td>
              <td>{words[action]}</td>
              <td>
                {detail} {subject !== "settings" && <span className="mono muted">{subject}</span>}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
