import type { ComponentChildren, JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { SessionReport } from '../../contract/session.ts';
import { may } from '../model/rights.ts';
import { say, usePage } from '../store.ts';
import { Failure } from './failure.tsx';

/** What somebody has said in the dialog. */
export interface Said {
  readonly actor: { readonly reason?: string };
  readonly choice: string;
  /** What else the dialog asked. */
  readonly given: FormData;
}

export interface ActionProps {
  readonly label: string;
  /** Who may press it; nobody else sees it. */
  readonly role: SessionReport['role'];
  /** What happens then, in words; asked before anything is done. */
  readonly text: string;
  /** What is told once it is done. */
  readonly done: string;
  readonly reason?: 'wanted' | 'needed';
  readonly choices?: { readonly label: string; readonly options: readonly (readonly [string, string])[] };
  readonly tone?: 'main' | 'danger';
  /** More of the dialog, drawn only once it is open. */
  readonly children?: ComponentChildren;
  readonly run: (said: Said) => Promise<unknown>;
}

/** A button that changes something: it says what will happen, asks why, and tells what became of it. */
export function Action(props: ActionProps): JSX.Element | null {
  const { session, connection } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  if (!may(session?.role, props.role)) return null;
  const show = (): void => {
    setOpen(true);
    // The dialog is drawn before it is shown.
    window.setTimeout(() => dialog.current?.showModal());
  };
  const close = (): void => {
    dialog.current?.close();
    setOpen(false);
  };
  return (
    <>
      <button type="button" class={props.tone ?? ''} disabled={connection.kind === 'lost'} onClick={show}>
        {props.label}
      </button>
      {open ? (
        <dialog
          ref={dialog}
          aria-label={props.label}
          onClose={() => {
            setOpen(false);
          }}
        >
          <ActionForm {...props} close={close} />
        </dialog>
      ) : null}
    </>
  );
}

function ActionForm({
  label,
  text,
  done,
  reason,
  choices,
  tone,
  children,
  run,
  close,
}: ActionProps & { readonly close: () => void }): JSX.Element {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const why = textOf(given, 'reason');
    setBusy(true);
    setError(undefined);
    try {
      await run({ actor: why === '' ? {} : { reason: why }, choice: textOf(given, 'choice'), given });
      close();
      say(done);
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <h2>{label}</h2>
      <p>{text}</p>
      {children}
      {choices === undefined ? null : <Choice choices={choices} />}
      {reason === undefined ? null : <Why isNeeded={reason === 'needed'} />}
      {error === undefined ? null : <Failure error={error} />}
      <p class="buttons end">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class={tone ?? 'main'} disabled={busy}>
          {busy ? 'Working …' : label}
        </button>
      </p>
    </form>
  );
}

function Choice({ choices }: Required<Pick<ActionProps, 'choices'>>): JSX.Element {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>{choices.label}</label>
      <select id={id} name="choice">
        {choices.options.map(([value, words]) => (
          <option value={value} key={value}>
            {words}
          </option>
        ))}
      </select>
    </p>
  );
}

function Why({ isNeeded }: { readonly isNeeded: boolean }): JSX.Element {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>Why{isNeeded ? '' : ' (for the audit, may be left out)'}</label>
      <input id={id} name="reason" maxLength={1_024} required={isNeeded} autocomplete="off" />
    </p>
  );
}

function textOf(given: FormData, name: string): string {
  const value = given.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
