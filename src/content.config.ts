import { glob } from "astro/loaders";
import { defineCollection } from "astro:content";
import { z } from "astro/zod";

/** content/<lang>/<NN-part>/<NN-chapter>.mdx. Strict: a misspelt key stops the build. */
const chapters = defineCollection({
  loader: glob({ base: "./content", pattern: "*/*/*.mdx", generateId: ({ entry }) => entry.replace(/\.mdx$/, "") }),
  schema: z.strictObject({
    title: z.string().min(1),
    lead: z.string().min(20),
    part: z.int().min(1),
    number: z.int().min(1),
    minutes: z.int().min(1),
    labs: z.array(z.string()).default([]),
  }),
});

/** content/<lang>/glossary.yaml: id to term and text. */
const glossary = defineCollection({
  loader: glob({ base: "./content", pattern: "*/glossary.yaml", generateId: ({ entry }) => entry.split("/", 1)[0] ?? entry }),
  schema: z.record(z.string(), z.strictObject({ term: z.string(), text: z.string() })),
});

export const collections = { chapters, glossary };
