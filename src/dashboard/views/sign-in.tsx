import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { signIn } from '../api.ts';
import { Command } from '../parts/command.tsx';
import { Failure } from '../parts/failure.tsx';
import { Brand, ThemeSwitch } from '../parts/frame.tsx';
import { begin } from '../store.ts';

/** Asks for a token. */
export function SignIn({ because }: { readonly because: string | undefined }): JSX.Element {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get('token');
    setBusy(true);
    setError(undefined);
    try {
      begin(await signIn(typeof given === 'string' ? given.trim() : ''));
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <div class="card">
        <h1>
          <Brand /> sync-controller
        </h1>
        {because === undefined ? null : (
          <p class="notice busy" role="status">
            {because}
          </p>
        )}
        <form onSubmit={(event) => void submit(event)}>
          <TokenField />
          {error === undefined ? null : <Failure error={error} />}
          <p class="buttons">
            <button type="submit" class="main" disabled={busy}>
              {busy ? 'Signing in …' : 'Sign in'}
            </button>
          </p>
        </form>
        <How />
        <ThemeSwitch />
      </div>
    </main>
  );
}

function How(): JSX.Element {
  return (
    <div id="how" class="how">
      <p>
        No token? Mint one on the controller. A viewer sees everything and changes nothing; an operator pushes
        and holds; an admin approves and takes back.
      </p>
      <Command text="sudo syncctl token create <name> --role viewer" />
    </div>
  );
}

function TokenField(): JSX.Element {
  return (
    <p class="field">
      <label for="token">Token</label>
      <input
        id="token"
        name="token"
        type="password"
        required
        autocomplete="current-password"
        spellcheck={false}
        aria-describedby="how"
      />
    </p>
  );
}
