/** The version that every structured result carries; docs/cli-json.md is its text. */
export const apiVersion = 'sync-controller/v1';

/** A value as JSON for people and programs: two spaces, one end of line. */
export function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** The same value as YAML. */
export async function asYaml(value: unknown): Promise<string> {
  const { stringify } = await import('../../lib/yaml.ts');
  // Through JSON first: what JSON leaves out, YAML leaves out too.
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0, aliasDuplicateObjects: false });
}
