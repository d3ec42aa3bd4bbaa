export function compactCode(code: string): Promise<string>;
