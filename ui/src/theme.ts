import { createTheme, localStorageColorSchemeManager } from "@mantine/core";

/** Colours and measures are CSS variables in `styles/tokens.css`: no style element is made while running. */
export const theme = createTheme({
  primaryColor: "teal",
  cursorType: "pointer",
  components: {
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false } },
  },
});

/** `public/color-scheme.js` reads the same key before the first paint. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: "weir-color-scheme" });
