import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { allSharesQuery } from "../../api/settings.ts";
import { revokeShare } from "../../api/shares.ts";
import { Table } from "../../components/Table.tsx";
import { At } from "../../components/Time.tsx";
import { visible } from "../../format/text.ts";
import { Problem, Section } from "./Section.tsx";
import styles from "./SettingsPage.module.css";

/** Links that work now; they are made on a flow's page. */
export function Links() {
  const queryClient = useQueryClient();
  const { data: shares, error } = useQuery(allSharesQuery());
  const revoking = useMutation({
    mutationFn: revokeShare,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: allSharesQuery().queryKey }),
  });
  return (
    <Section
      title="Links"
      about="What someone without a key can see. A link is made on a flow's page, with Share."
    >
      <Problem error={error ?? revoking.error} />
      {shares?.length === 0 && <p className="muted">None works now.</p>}
      {shares && shares.length > 0 && (
        <Table label="Links" heads={["Shows", "Customer", "Details", "Made", "Works until", ""]}>
          {shares.map(({ id, tenant, flowId, name, redact, createdAt, createdBy, expiresAt }) => (
            <tr key={id}>
              <td>
                {flowId === null ? (
                  `All ${visible(name ?? "")} flows`
                ) : (
                  <Link
                    to="/tenants/$tenant/flows/$id"
                    params={{ tenant, id: flowId }}
                    className={styles["link"]}
                  >
                    Flow {flowId}
                  </Link>
                )}
              </td>
              <td>{visible(tenant)}</td>
              <td>{redact ? "hidden" : "shown"}</td>
              <td title={`by ${createdBy}`}>
                <At at={createdAt} />
              </td>
              <td>
                <At at={expiresAt} />
              </td>
              <td>
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`Revoke link ${id}`}
                  onClick={() => revoking.mutate(id)}
                >
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
