import { nodeTypeFacts } from '../../model/node-types.ts';
import { printable } from '../../lib/text.ts';
import type { HealthNode } from './report.ts';

const rule = '\u2501'.repeat(53);

/** The predecessor's text, byte for byte: scripts and people of living clusters read it. Its three types first, others only where they have a node. */
export function healthBlock(nodes: readonly HealthNode[]): string {
  const sections = nodeTypeFacts.flatMap(({ name, heading, builtIn }) => {
    const lines = nodes.filter((node) => node.type === name).map(line);
    return builtIn || lines.length > 0 ? [[`${heading}:`, ...lines, ''].join('\n')] : [];
  });
  return `${[rule, '  Node Health Status', rule, '', ...sections].join('\n')}\n`;
}

function line({ name, address, state, lastSync }: HealthNode): string {
  return printable(`  • ${name === '' ? address : name}: ${state} (last sync: ${lastSync ?? 'never'})`);
}
