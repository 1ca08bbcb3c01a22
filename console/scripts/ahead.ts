/** Has a page load what most pages need next beside the program: the page of a run, and the fonts. */
import type { HtmlTagDescriptor, Plugin } from "vite";

const PAGE = "/src/run/RunPage.tsx";
const FONT = /-latin-wght-normal-[\w-]+\.woff2$/;

/** The parts that the page itself loads are told by Vite already. */
export function ahead(base: string): Plugin {
  return {
    name: "alula-ahead",
    transformIndexHtml: {
      order: "post",
      handler(page, { bundle }) {
        if (!bundle) return [];
        const parts = new Set<string>();
        const take = (name: string): void => {
          const part = bundle[name];
          if (part?.type !== "chunk" || part.isEntry || parts.has(name) || page.includes(name)) return;
          parts.add(name);
          part.imports.forEach(take);
        };
        for (const part of Object.values(bundle)) if (part.type === "chunk" && part.facadeModuleId?.endsWith(PAGE)) take(part.fileName);
        if (!parts.size) throw new Error(`the build has no part for ${PAGE}`);
        const fonts = Object.keys(bundle).filter((name) => FONT.test(name));
        return [
          ...fonts.map((name) => link({ rel: "preload", as: "font", type: "font/woff2", href: base + name })),
          ...[...parts].map((name) => link({ rel: "modulepreload", href: base + name })),
        ];
      },
    },
  };
}

function link(attrs: Record<string, string>): HtmlTagDescriptor {
  return { tag: "link", attrs: { ...attrs, crossorigin: true, fetchpriority: "low" }, injectTo: "head" };
}
