declare const __VERSION__: string | undefined;

/** The product's version; `0.0.0-source` when it runs unbundled. */
export const version: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-source';
