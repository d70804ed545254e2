import { useMediaQuery } from "@mantine/hooks";

/** Style sheets use the same width. */
export function useNarrow(): boolean {
  return useMediaQuery("(max-width: 719px)", false, { getInitialValueInEffect: false });
}
