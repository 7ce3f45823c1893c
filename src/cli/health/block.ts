import { builtInNodeTypes, type NodeType } from '../../model/node.ts';
import { printable } from '../../lib/text.ts';
import type { HealthNode } from './report.ts';

const rule = '\u2501'.repeat(53);
const headings: Readonly<Record<NodeType, string>> = {
  management_laptops: 'Management Laptops:',
  vps_nodes: 'VPS Edge Nodes:',
  worker_nodes: 'Worker Nodes:',
};

/** The predecessor's text, byte for byte: scripts and people of living clusters read it. */
export function healthBlock(nodes: readonly HealthNode[]): string {
  const sections = builtInNodeTypes.map((type) => {
    const lines = nodes.filter((node) => node.type === type).map(line);
    return [headings[type], ...lines, ''].join('\n');
  });
  return `${[rule, '  Node Health Status', rule, '', ...sections].join('\n')}\n`;
}

function line({ name, address, state, lastSync }: HealthNode): string {
  return printable(`  • ${name === '' ? address : name}: ${state} (last sync: ${lastSync ?? 'never'})`);
}
