/** What is shorter isn't worth it, and can be read by whoever looks into the file. */
const leastPacked = 1_000_000;

interface Zlib {
  deflateRawSync(text: string): { toString(encoding: 'base64'): string };
}

interface HostProcess {
  getBuiltinModule?(id: string): unknown;
}

/** A long text, deflated and in base64; `undefined` where it is short, or the host can't. */
export function packed(text: string): string | undefined {
  if (text.length < leastPacked) return undefined;
  // eslint-disable-next-line no-restricted-globals -- what the host offers beside this, node-modules.ts asks for
  const { process } = globalThis as { readonly process?: HostProcess };
  const found = process?.getBuiltinModule?.('node:zlib') as Zlib | undefined;
  return found?.deflateRawSync(text).toString('base64');
}
