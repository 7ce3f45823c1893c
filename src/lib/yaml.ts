// The parts of the YAML package that commands load when they need them. A bundler gives a lazily imported CommonJS package
// no named exports; a module of ours that names them does.
export { LineCounter, parse, parseDocument, stringify } from 'yaml';
