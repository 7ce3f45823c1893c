import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { say } from '../store.ts';

/** A command that can be copied by one press. */
export function Command({
  text,
  label = 'Command',
}: {
  readonly text: string;
  readonly label?: string;
}): JSX.Element {
  const code = useRef<HTMLElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS and beyond localhost a browser gives no clipboard: the text is selected instead.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current);
      say('The command is selected.');
      return;
    }
    setCopied(true);
    say('Copied.');
    window.setTimeout(() => {
      setCopied(false);
    }, 2_000);
  };
  return (
    <span class="command">
      <code ref={code}>{text}</code>
      <button
        type="button"
        class="plain small"
        onClick={() => void copy()}
        aria-label={`Copy: ${label} ${text}`}
      >
        {copied ? 'Copied' : 'Copy'}
      </button>
    </span>
  );
}

/** What mends something: a command where it is one, else words. */
export function Remedy({ text }: { readonly text: string | null | undefined }): JSX.Element | null {
  if (text === null || text === undefined || text === '') return null;
  const [, words = '', command = text] =
    /^(.*?:\s+)?((?:sudo |syncctl |ssh|tailscale |[A-Z_]+=\S+ ).*)$/su.exec(text) ?? [];
  if (command === text && !/^(?:sudo |syncctl |ssh|tailscale |[A-Z_]+=)/u.test(text))
    return <span>{text}</span>;
  return (
    <span class="remedy">
      {words === '' ? null : <span>{words.trim()}</span>} <Command text={command} label="remedy" />
    </span>
  );
}
