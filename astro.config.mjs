import { satteri } from "@astrojs/markdown-satteri";
import mdx from "@astrojs/mdx";
import { defineConfig } from "astro/config";
import { diagrams } from "./tools/diagrams/plugin.mjs";
import { offline } from "./tools/offline/integration.mjs";
import { themeHash } from "./tools/theme.mjs";

export default defineConfig({
  trailingSlash: "always",
  server: { host: "127.0.0.1", port: 4321 },
  // One cached file for the whole book; and no style hash in the policy, which would switch 'unsafe-inline' off for Shiki, SVG and xterm.
  build: { inlineStylesheets: "never" },
  devToolbar: { enabled: false },
  vite: { worker: { format: "es" } },
  security: {
    csp: {
      directives: ["default-src 'self'", "worker-src 'self'", "img-src 'self' data:", "base-uri 'none'", "object-src 'none'", "form-action 'none'"],
      styleDirective: { resources: ["'self'", "'unsafe-inline'"] },
      // Pagefind searches in WebAssembly.
      scriptDirective: { resources: ["'self'", "'wasm-unsafe-eval'"], hashes: [themeHash] },
    },
  },
  integrations: [mdx(), offline()],
  i18n: {
    defaultLocale: "en",
    locales: ["en", { path: "zh-cn", codes: ["zh-CN"] }],
    routing: { prefixDefaultLocale: false },
  },
  markdown: {
    processor: satteri({ hastPlugins: [diagrams] }),
    shikiConfig: { themes: { light: "github-light", dark: "github-dark" }, defaultColor: "light-dark()" },
    syntaxHighlight: { type: "shiki", excludeLangs: ["mermaid"] },
  },
});
