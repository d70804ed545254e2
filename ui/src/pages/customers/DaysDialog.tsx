import type { TenantSummary } from "@weir/collector/schemas";
import { Dialog } from "../../components/Dialog.tsx";
import { Table } from "../../components/Table.tsx";
import { plural, visible } from "../../format/text.ts";
import { slotTime } from "../../format/time.ts";

interface DaysDialogProps {
  tenant: string;
  days: TenantSummary["history"];
  onClose: () => void;
}

/** What the small bars of a customer show, as a table: the newest day first. */
export function DaysDialog({ tenant, days, onClose }: DaysDialogProps) {
  return (
    <Dialog title={`${visible(tenant)}: ${plural(days.length, "day")}`} onClose={onClose} narrow>
      <Table label="Flows by day" heads={["Day", "Succeeded", "Failed", "Cancelled", "Open"]} figures>
        {days.toReversed().map(({ day, succeeded, failed, cancelled, running }) => (
          <tr key={day}>
            <td>{slotTime(Date.parse(day), "day")}</td>
            {[succeeded, failed, cancelled, running].map((count, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no identity but their place
              <td key={column}>{count.toLocaleString("en")}</td>
            ))}
          </tr>
        ))}
      </Table>
    </Dialog>
  );
}
