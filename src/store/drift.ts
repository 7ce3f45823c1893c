import * as z from 'zod';
import type { NodeId } from '../model/node.ts';
import { driftModes, type DriftRule } from '../model/rollout.ts';
import { CopyFile } from './copy-file.ts';
import { required, type Durable } from './durable.ts';

/** The rules as they are kept. */
export const rulesSchema = z.array(
  z.object({
    node: z.string(),
    mode: z.enum(driftModes),
    who: z.string(),
    why: z.string().optional(),
    since: z.string(),
  }),
);
type Copied = z.output<typeof rulesSchema>;

/** How drift is treated on single nodes: readable at once, kept durably. */
export class DurableDrift {
  private readonly durable: Durable;
  private readonly copy: CopyFile<Copied>;
  private readonly known = new Map<NodeId, DriftRule>();
  private lost = false;

  private constructor(durable: Durable, copyFile: string) {
    this.durable = durable;
    this.copy = new CopyFile(copyFile, rulesSchema);
  }

  static async open(durable: Durable, copyFile: string): Promise<DurableDrift> {
    const drift = new DurableDrift(durable, copyFile);
    const reply = await durable.ask('driftRules');
    if (reply.available) drift.take(reply.value);
    else await drift.takeCopy();
    return drift;
  }

  /** The rule of a node; undefined where the settings decide. */
  of(node: NodeId): DriftRule | undefined {
    return this.known.get(node);
  }

  all(): readonly DriftRule[] {
    return [...this.known.values()];
  }

  /** True where the rules cannot be read: each of them may have been a freeze. */
  isLost(): boolean {
    return this.lost;
  }

  async set(rule: DriftRule): Promise<void> {
    required(await this.durable.ask('setDrift', rule), 'drift');
    this.known.set(rule.node, rule);
    await this.writeCopy();
  }

  /** Back to what the settings say. */
  async drop(node: NodeId): Promise<void> {
    this.known.delete(node);
    this.lost = false;
    await this.durable.ask('dropDrift', node);
    await this.writeCopy();
  }

  private take(rules: readonly DriftRule[]): void {
    for (const rule of rules) this.known.set(rule.node, rule);
  }

  private async takeCopy(): Promise<void> {
    const copy = await this.copy.read();
    this.lost = copy.state === 'lost';
    if (copy.state === 'read')
      this.take(copy.value.map((rule) => ({ ...rule, node: rule.node as NodeId, why: rule.why })));
  }

  private async writeCopy(): Promise<void> {
    await this.copy.write(this.all());
  }
}

/** A rule as a person reads it: by whom, since when and why. */
export function ruleText({ mode, who, since, why }: DriftRule): string {
  const verb = { correct: 'set to correct', observe: 'set to observe', freeze: 'frozen' }[mode];
  return `${verb} by ${who} since ${since}${why === undefined ? '' : `: ${why}`}`;
}
