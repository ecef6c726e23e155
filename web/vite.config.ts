import { resolve } from "node:path";
import { defineConfig } from "vite";
import { shell } from "./build/shell.ts";

// Three pages, one build. What is embedded is `dist/`; every file under `assets/` is named by its content.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  plugins: [shell()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        visitor: resolve(import.meta.dirname, "index.html"),
        design: resolve(import.meta.dirname, "design/index.html"),
        dashboard: resolve(import.meta.dirname, "dashboard/index.html"),
        sw: resolve(import.meta.dirname, "src/visitor/sw.ts"),
      },
      output: {
        // The worker of the offline page keeps its address; everything else changes its name with its content.
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: { proxy: { "/v1": process.env.API ?? "http://127.0.0.1:8080" } },
});
