import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { signOut } from '../api.ts';
import { hashOf, type Place } from '../model/place.ts';
import { end, usePage, type PageState } from '../store.ts';

const tabs: readonly (readonly [string, Place, readonly Place['view'][]])[] = [
  ['Fleet', { view: 'fleet' }, ['fleet', 'node']],
  ['Services', { view: 'services', service: undefined }, ['services']],
  ['Plan', { view: 'plan' }, ['plan']],
  ['Rollout', { view: 'rollout' }, ['rollout']],
  ['Timeline', { view: 'timeline', revision: undefined }, ['timeline']],
];

/** Head, ways to the views, and what has to be said over every one of them. */
export function Frame({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const page = usePage();
  return (
    <>
      <a class="skip" href="#content" onClick={toContent}>
        Skip to the content
      </a>
      <header>
        <div class="head">
          <a class="brand" href="#/">
            <Brand /> sync-controller
          </a>
          <nav aria-label="Views">
            <ul>
              {tabs.map(([name, place, views]) => (
                <li key={name}>
                  <a href={hashOf(place)} aria-current={views.includes(page.place.view) ? 'page' : undefined}>
                    {name}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <Who page={page} />
        </div>
      </header>
      <Banner page={page} />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Foot page={page} />
    </>
  );
}

export function Brand(): JSX.Element {
  return (
    <svg class="brand-sign" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M9 16.5l5 5 9-11" />
    </svg>
  );
}

/** The part behind `#` names a view: the link must not change it. */
function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Who({ page: { session } }: { readonly page: PageState }): JSX.Element {
  const leave = async (): Promise<void> => {
    await signOut().catch(() => undefined);
    end(undefined);
  };
  return (
    <div class="who">
      <ThemeSwitch />
      {session === null || session === undefined ? null : (
        <>
          <span class="name">
            {session.name} <span class="role">{session.role}</span>
          </span>
          <button type="button" class="plain" onClick={() => void leave()}>
            Sign out
          </button>
        </>
      )}
    </div>
  );
}

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

function chosenTheme(): Theme {
  return themes.find((theme) => theme === document.documentElement.dataset['theme']) ?? 'auto';
}

/** The system's choice, or one of one's own. */
export function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(chosenTheme());
  const choose = (next: Theme): void => {
    setTheme(next);
    if (next === 'auto') {
      delete document.documentElement.dataset['theme'];
      localStorage.removeItem('theme');
      return;
    }
    document.documentElement.dataset['theme'] = next;
    localStorage.setItem('theme', next);
  };
  return (
    <label class="theme">
      <span class="hidden">Theme</span>
      <select
        value={theme}
        onChange={(event) => {
          choose(themes.find((one) => one === event.currentTarget.value) ?? 'auto');
        }}
      >
        <option value="auto">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

declare const __VERSION__: string;

function Banner({ page: { connection, fleet } }: { readonly page: PageState }): JSX.Element {
  const served = fleet?.controller.version;
  return (
    <div aria-live="assertive" class="banners">
      {connection.kind === 'lost' ? (
        <div class="banner" id="lost">
          <strong>The daemon does not answer</strong> since{' '}
          <time>{new Date(connection.lostAt).toLocaleTimeString()}</time>. What you see is from before; it is
          asked again every few seconds. On the controller: <code>sudo systemctl status sync-controller</code>
        </div>
      ) : null}
      {served !== undefined && served !== __VERSION__ ? (
        <div class="banner mild">
          The daemon is version {served} by now, this page is of {__VERSION__}.{' '}
          <button
            type="button"
            onClick={() => {
              location.reload();
            }}
          >
            Load it anew
          </button>
        </div>
      ) : null}
    </div>
  );
}

function Foot({ page: { fleet, connection, said } }: { readonly page: PageState }): JSX.Element {
  const term = fleet?.controller.term;
  return (
    <footer>
      <p class="hidden" role="status" aria-live="polite">
        {said}
      </p>
      {fleet === undefined ? null : (
        <p>
          <span class={`pulse ${connection.kind}`} aria-hidden="true" />{' '}
          {connection.kind === 'live' ? 'live' : 'not live'} · version {fleet.controller.version}
          {term === null || term === undefined
            ? ''
            : ` · cluster ${term.clusterId} · epoch ${String(term.epoch)}`}{' '}
          · {fleet.controller.source.kind} {fleet.controller.source.location}
        </p>
      )}
    </footer>
  );
}
