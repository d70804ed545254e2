import styles from "./Skeletons.module.css";

/** Grey rows where a list will be, of the rows' own height: nothing jumps when they come. */
export function RowSkeletons({ count, height }: { count: number; height: number }) {
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={index} className={styles["row"]} style={{ height }}>
          <span className={styles["bar"]} style={{ width: 80 }} />
          <span className={styles["bar"]} style={{ width: `${12 + ((index * 7) % 11)}%` }} />
          <span className={styles["bar"]} style={{ width: `${22 + ((index * 5) % 17)}%` }} />
        </div>
      ))}
    </div>
  );
}

export function BlockSkeleton({ height }: { height: number }) {
  return <div className={styles["block"]} style={{ height }} role="status" aria-label="Loading" />;
}
