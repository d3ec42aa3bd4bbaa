export declare const tasks: { readonly double: (number: number) => number };
