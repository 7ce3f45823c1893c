import type { Action } from '../script/action.ts';
import type { Stage } from '../stage.ts';

/** Makes one kind of action happen. */
export type Deed = (stage: Stage, action: Action) => void;
