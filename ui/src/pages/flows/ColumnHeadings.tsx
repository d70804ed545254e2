import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type FlowOrder, orderWords } from "../../filter/order.ts";
import styles from "./ColumnHeadings.module.css";
import type { Column } from "./columns.tsx";

interface ColumnHeadingsProps {
  columns: readonly Column[];
  order?: FlowOrder;
  /** Without it the order is fixed. */
  onOrder?: (order: FlowOrder) => void;
}

/** What stands below each heading; some of them order the list. */
export function ColumnHeadings({ columns, order, onOrder }: ColumnHeadingsProps) {
  return (
    <div className={`list-headings ${styles["headings"]}`}>
      {columns.map(({ id, title, isRight, orders }) => (
        <span key={id} data-right={isRight} className={styles["heading"]}>
          {orders && onOrder ? (
            <OrderButton title={title} orders={orders} order={order} onOrder={onOrder} />
          ) : (
            <span aria-hidden="true" className="cut">
              {title}
            </span>
          )}
        </span>
      ))}
    </div>
  );
}

interface OrderButtonProps {
  title: string;
  orders: readonly [FlowOrder, FlowOrder];
  order: FlowOrder | undefined;
  onOrder: (order: FlowOrder) => void;
}

function OrderButton({ title, orders, order, onOrder }: OrderButtonProps) {
  const [first, second] = orders;
  const isOn = order === first || order === second;
  const next = order === first ? second : first;
  const Arrow = order === second ? IconArrowUp : IconArrowDown;
  return (
    <button
      type="button"
      className={styles["order"]}
      data-on={isOn || undefined}
      aria-pressed={isOn}
      aria-label={isOn && order ? `${title}, ${orderWords[order]}` : `Order by ${title.toLowerCase()}`}
      title={`Order the list: ${orderWords[next]}`}
      onClick={() => onOrder(next)}
    >
      {isOn && <Arrow size={12} aria-hidden="true" />}
      {title}
    </button>
  );
}
