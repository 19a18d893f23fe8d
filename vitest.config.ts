import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    pool: "threads",
    maxWorkers: 2,
    projects: [
      { test: { name: "engine", include: ["test/**/*.test.ts"], exclude: ["test/e2e/**"], testTimeout: 120_000 } },
      // Browser tests need a built site in dist/ and run one file after the other.
      { test: { name: "browser", include: ["test/e2e/**/*.test.ts"], fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 } },
    ],
  },
});
