import type { Plugin as EsbuildPlugin } from 'esbuild';

/** Resolves `millrace:report-page` for esbuild, and so for tsup. */
export const esbuildReportPage: EsbuildPlugin;

/** Resolves `millrace:report-page` for Vite, and so for Vitest. */
export function viteReportPage(): {
  name: string;
  resolveId(source: string): string | undefined;
  load(id: string): Promise<string> | undefined;
};

/** The packages that are in the page, and where they are, by name. */
export function reportPagePackages(): Promise<ReadonlyMap<string, string>>;
