/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { ahead } from "./scripts/ahead.ts";

const platform = process.env.ALULA_HTTP ?? "http://127.0.0.1:8088";

export default defineConfig({
  base: "/console/",
  plugins: [react(), ahead("/console/")],
  html: { cspNonce: "CONSOLE-NONCE" },
  build: {
    outDir: process.env.CONSOLE_OUT ?? "../src/alula/server/console",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
    // Few files: a browser asks for six at a time.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "libraries", test: /node_modules\/(?!hyparquet)/ },
            { name: "shared", test: /src\/(?:api|live|queries|search|shell|status|text|theme|ui|values|run\/(?:plan|took)|pages\/triggers\/waits)\b/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: Object.fromEntries(["/api", "/objects", "/me"].map((path) => [path, platform])),
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
