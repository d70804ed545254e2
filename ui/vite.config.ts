import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { gzipped } from "./gzipped.ts";

export default defineConfig({
  plugins: [react(), gzipped()],
  build: {
    outDir: "../collector/page",
    emptyOutDir: true,
    target: "es2023",
    // The content security policy knows no data: URLs and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:4318" },
  },
});
