import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Key } from "@weir/collector/schemas";
import { closeWith } from "../../api/login.ts";
import { type KeyWish, keysQuery, makeKey, revokeKey } from "../../api/settings.ts";
import { CopyButton } from "../../components/CopyButton.tsx";
import { Table } from "../../components/Table.tsx";
import { Ago, At } from "../../components/Time.tsx";
import { useNow } from "../../components/useNow.ts";
import { visible } from "../../format/text.ts";
import { Problem, Section } from "./Section.tsx";
import styles from "./SettingsPage.module.css";

const lives = [
  { value: "", label: "for ever" },
  { value: "1d", label: "a day" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "365d", label: "a year" },
];

const roleWords: Record<Key["role"], string> = { admin: "everything", ingest: "send", read: "read" };

const roles = Object.entries(roleWords).map(([value, label]) => ({ value, label }));

/** `tenant`: the only customer for whom keys can be made; `isOpen`: nobody is asked for one yet. */
export function Keys({ tenant, isOpen: isOpenYet }: { tenant: string | null; isOpen: boolean }) {
  const queryClient = useQueryClient();
  const { data: keys = [], error } = useQuery(keysQuery());
  // Where nobody is asked for one whatever there is, the next ones are as any.
  const isOpen = isOpenYet && keys.length === 0;
  const refresh = () => queryClient.invalidateQueries();
  const making = useMutation({
    mutationFn: (wish: KeyWish) => (isOpen ? closeWith(() => makeKey(wish)) : makeKey(wish)),
    onSuccess: refresh,
  });
  const revoking = useMutation({ mutationFn: revokeKey, onSuccess: refresh });
  return (
    <Section title="Keys" about="Who may send flows, read them, or manage. Of each key only a hash is kept.">
      {isOpen && (
        <p className={styles["warning"]}>
          Nobody is asked for a key yet. The first one closes the collector: it may do everything, and this
          browser is logged in with it. From then on services need keys of their own to send.
        </p>
      )}
      <form
        className={styles["line"]}
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate(wishOf(new FormData(event.currentTarget), tenant));
        }}
      >
        <Choice label="May" name="role" options={isOpen ? roles.slice(0, 1) : roles} />
        {tenant === null && !isOpen && (
          <input name="tenant" aria-label="Customer" placeholder="all customers" maxLength={256} />
        )}
        <input name="name" aria-label="What it is for" placeholder="what it is for" maxLength={100} />
        <Choice label="Works" name="expiresIn" options={lives} />
        <Button type="submit" size="xs" variant="default" loading={making.isPending}>
          Make a key
        </Button>
      </form>
      <Problem error={error ?? making.error ?? revoking.error} />
      {making.data && (
        <div className={styles["made"]} role="status">
          <input
            readOnly
            value={making.data.key}
            aria-label="The new key"
            onFocus={({ target }) => target.select()}
          />
          <CopyButton text={making.data.key} what="the key">
            Copy
          </CopyButton>
          <small>It is not shown again.</small>
        </div>
      )}
      {keys.length > 0 && (
        <Table label="Keys" heads={["Key", "May", "Customer", "Made", "Works until", "Last used", ""]}>
          {keys.map((key) => (
            <Row key={key.id} of={key} onRevoke={() => revoking.mutate(key.id)} />
          ))}
        </Table>
      )}
    </Section>
  );
}

function Row({ of, onRevoke }: { of: Key; onRevoke: () => void }) {
  const now = useNow(10_000);
  const { id, name, role, tenant, createdAt, createdBy, expiresAt, revokedAt, lastUsedAt } = of;
  const isOver = revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= now);
  return (
    <tr data-over={isOver || undefined}>
      <td>
        {name !== null && <span>{visible(name)} </span>}
        <span className="mono muted">{id}</span>
      </td>
      <td>{roleWords[role]}</td>
      <td>{tenant === null ? "all" : visible(tenant)}</td>
      <td title={`by ${createdBy}`}>
        <At at={createdAt} />
      </td>
      <td>{revokedAt !== null ? "revoked" : expiresAt === null ? "for ever" : <At at={expiresAt} />}</td>
      <td>{lastUsedAt === null ? "never" : <Ago at={lastUsedAt} />}</td>
      <td>
        {!isOver && (
          <Button size="compact-xs" variant="default" aria-label={`Revoke key ${id}`} onClick={onRevoke}>
            Revoke
          </Button>
        )}
      </td>
    </tr>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  options: { value: string; label: string }[];
}

function Choice({ label, name, options }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select name={name}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

function wishOf(form: FormData, tenant: string | null): KeyWish {
  const text = (name: string) => String(form.get(name) ?? "").trim() || null;
  return {
    role: form.get("role") as KeyWish["role"],
    tenant: tenant ?? text("tenant"),
    name: text("name"),
    expiresIn: text("expiresIn"),
  };
}
