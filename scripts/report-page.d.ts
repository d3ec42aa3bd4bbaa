import type { Plugin as EsbuildPlugin } from 'esbuild';

/** Resolves `millrace:report-page` for esbuild, and so for tsup. */
export const esbuildReportPage: EsbuildPlugin;

/** Resolves `millrace:report-page` for Vite, and so for Vitest. */
export function viteReportPage(): {
  name: string;
  resolveId(source: string): string | undefined;
  load(id: string): Promise<string> | undefined;
};
