/** Bytes of heap that are in use once garbage is gone; of a process that was started with `--expose-gc`. */
export async function settledHeap(): Promise<number> {
  for (let round = 0; round < 5; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}
