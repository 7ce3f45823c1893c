import type { RolloutReport } from '../../contract/rollout-report.ts';
import type { Tone } from '../../contract/verdict.ts';

type Phase = RolloutReport['phase'];

/** What a phase means, in a sentence without its subject. */
export const phaseWords: Readonly<Record<Phase, { readonly tone: Tone; readonly text: string }>> = {
  running: { tone: 'busy', text: 'is going out, batch by batch' },
  paused: { tone: 'idle', text: 'is paused: no further batch is released' },
  held: { tone: 'bad', text: 'has stopped and is pinned; nodes that have it keep it' },
  'rolling-back': { tone: 'bad', text: 'has stopped and is being taken back' },
  'rolled-back': { tone: 'bad', text: 'was taken back and is pinned' },
  'rollback-failed': { tone: 'bad', text: 'was to be taken back, which failed on some nodes; it is pinned' },
  done: { tone: 'good', text: 'is done' },
  overridden: { tone: 'good', text: 'was pushed to all at once by a person' },
  superseded: { tone: 'idle', text: 'gave way to a newer revision' },
};

/** What the running batch waits for. */
export function waitsFor({ waiting, waitingFor }: RolloutReport): string {
  const whom =
    waitingFor.length > 8
      ? `${waitingFor.slice(0, 8).join(', ')} and ${String(waitingFor.length - 8)} more`
      : waitingFor.join(', ');
  switch (waiting) {
    case 'answers':
      return `It waits for ${whom}.`;
    case 'canary':
      return `A canary failed the same way before this rollout, so it can prove nothing: ${whom}.`;
    case 'unreachable':
      return `More nodes are away than may be: ${whom}.`;
    case 'proof':
      return `Nobody of the batch has answered yet: ${whom}.`;
    case 'soak':
      return 'The batch is being watched before the next one.';
    case null:
      return '';
  }
}

/** What a person may do about it now. */
export function movesOf(phase: Phase): {
  readonly pause: boolean;
  readonly resume: boolean;
  readonly abort: boolean;
  readonly unpin: boolean;
} {
  const pinned =
    phase === 'held' || phase === 'rolling-back' || phase === 'rolled-back' || phase === 'rollback-failed';
  return {
    pause: phase === 'running',
    resume: phase === 'paused',
    abort: phase === 'running' || phase === 'paused',
    unpin: pinned,
  };
}
