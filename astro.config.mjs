import { satteri } from "@astrojs/markdown-satteri";
import mdx from "@astrojs/mdx";
import { defineConfig } from "astro/config";
import { createCssVariablesTheme } from "shiki";
import { diagrams } from "./tools/diagrams/plugin.mjs";
import { offline } from "./tools/offline/integration.mjs";
import { themeHash } from "./tools/theme.mjs";

// Colour belongs to packets: listings are ink on paper, comments and punctuation a shade lighter (styles/base.css, --code-*).
const ink = createCssVariablesTheme({ name: "ink", variablePrefix: "--code-" });

export default defineConfig({
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
    shikiConfig: { theme: ink },
    syntaxHighlight: { type: "shiki", excludeLangs: ["mermaid"] },
  },
});
