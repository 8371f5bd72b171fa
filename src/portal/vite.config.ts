import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds an orchestrator.
const server = process.env.CONNCENTRIC_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    target: "es2023",
    // Pictures inside style sheets would need a weaker content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(["/v1", "/readyz", "/healthz", "/docs", "/openapi.json"].map((path) => [path, server])) },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
