import { causes } from '../../model/cause.ts';
import type { ControllerStatus, NodeReport, PushReport } from '../../contract/report.ts';
import { printable } from '../../lib/text.ts';
import type { Call } from '../call.ts';
import { widthOf } from '../context.ts';

const noNodes = 'No node is registered; syncctl node add <address> --type vps|laptop|worker';

/** Tells how a push goes: a counting line on a terminal, one line per node elsewhere. */
export class Progress {
  private readonly call: Call;
  private readonly total: number;
  private readonly live: boolean;
  private readonly daemon: boolean;
  private settled = 0;
  private verified = 0;

  /** `total` where not all nodes are pushed. */
  constructor(call: Call, { nodes, daemon }: ControllerStatus, total = nodes.length) {
    this.call = call;
    this.total = total;
    this.daemon = daemon;
    const { stderr, env } = call.context;
    this.live =
      stderr.isTTY === true &&
      call.globals.quiet !== true &&
      env['TERM'] !== 'dumb' &&
      (env['CI'] ?? '') === '';
    if (this.live && total > 0) this.count();
  }

  /** One node has come to its end. */
  readonly onNode = (report: NodeReport): void => {
    this.settled += 1;
    if (report.verified) this.verified += 1;
    this.wipe();
    // On a terminal the good ones only count; what went wrong stays to be read.
    if (!this.live || !report.verified) this.line(report);
    if (this.live && this.settled < this.total) this.count();
  };

  /** Waits for the push, and tells its sum and what is withheld. A failure finds the line empty. */
  async until(push: Promise<PushReport>): Promise<PushReport> {
    try {
      const report = await push;
      this.wipe();
      this.end(report);
      return report;
    } catch (error) {
      this.wipe();
      throw error;
    }
  }

  private end(report: PushReport): void {
    if (report.nodes.length === 0) this.call.note('warn', noNodes);
    this.call.note(
      report.failed === 0 ? 'success' : 'warn',
      `Sync complete: ${String(report.verified)} succeeded, ${String(report.failed)} failed`,
    );
    tellHeld(this.call, report.held);
  }

  private line(report: NodeReport): void {
    const { call } = this;
    if (report.verified) {
      const notes = report.notes.length === 0 ? '' : ` (${report.notes.join(', ')})`;
      call.note(
        'success',
        `Synced and verified: ${report.name}${report.changed ? '' : ', nothing to change'}${notes}`,
      );
      return;
    }
    const remedy = report.remedy === null ? '' : `; ${report.remedy}`;
    const evidence = report.evidence === '' ? '' : `: ${report.evidence}`;
    if (isOffline(report.cause))
      call.note(
        'warn',
        `Node ${report.name} is not reachable (${report.cause ?? ''}${evidence}); ${this.daemon ? 'it is pushed when it returns' : `when it is back: syncctl push ${report.name}`}`,
      );
    else
      call.note('error', `Failed to sync ${report.name} (${report.cause ?? 'unknown'}${evidence})${remedy}`);
  }

  private count(): void {
    const text = `  ${String(this.settled)} of ${String(this.total)} nodes, ${String(this.verified)} verified`;
    // Back at its beginning, so that a line of the log writes over it and not behind it.
    const { stderr } = this.call.context;
    stderr.write(`${printable(text).slice(0, widthOf(stderr, 80) - 1)}\r`);
  }

  private wipe(): void {
    if (this.live) this.call.context.stderr.write('\r\u001b[2K');
  }
}

/** What the guard holds back, with the command that lets it go. */
export function tellHeld(call: Call, held: PushReport['held']): void {
  for (const { hash, reason, names } of held) {
    call.note(
      'warn',
      `Removal withheld: ${reason} (${listed(names)}); let it go with: syncctl approve ${hash}`,
    );
  }
}

/** A few names, and how many more. */
export function listed(names: readonly string[], limit = 5): string {
  const more = names.length - limit;
  return more > 0 ? `${names.slice(0, limit).join(', ')} and ${String(more)} more` : names.join(', ');
}

function isOffline(cause: string | null): boolean {
  return cause !== null && cause in causes && causes[cause as keyof typeof causes].offline;
}
