/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const platform = process.env.ALULA_HTTP ?? "http://127.0.0.1:8088";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  html: { cspNonce: "CONSOLE-NONCE" },
  build: {
    outDir: process.env.CONSOLE_OUT ?? "../src/alula/server/console",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
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
