import { render, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Frame } from './parts/frame.tsx';
import { start, usePage, type PageState } from './store.ts';
import { Fleet } from './views/fleet.tsx';
import { NodeView } from './views/node.tsx';
import { Nowhere } from './views/nowhere.tsx';
import { Plan } from './views/plan.tsx';
import { RolloutView } from './views/rollout.tsx';
import { Services } from './views/services.tsx';
import { SignIn } from './views/sign-in.tsx';
import { Timeline } from './views/timeline.tsx';

const titles: Readonly<Record<PageState['place']['view'], string>> = {
  fleet: 'Fleet',
  node: 'Node',
  services: 'Services',
  plan: 'Plan',
  rollout: 'Rollout',
  timeline: 'Timeline',
  nowhere: 'Nowhere',
};

function App(): JSX.Element {
  const page = usePage();
  const { view } = page.place;
  useEffect(() => {
    document.title =
      page.session === null ? 'Sign in – sync-controller' : `${titles[view]} – sync-controller`;
  }, [view, page.session]);
  if (page.session === null) return <SignIn because={page.signedOutBecause} />;
  return (
    <Frame>
      {page.fleet === undefined ? (
        <p class="quiet" role="status">
          Waiting for the daemon …
        </p>
      ) : (
        <View page={page} fleet={page.fleet} />
      )}
    </Frame>
  );
}

function View({
  page: { place },
  fleet,
}: {
  readonly page: PageState;
  readonly fleet: NonNullable<PageState['fleet']>;
}): JSX.Element {
  switch (place.view) {
    case 'fleet':
      return <Fleet fleet={fleet} />;
    case 'node':
      return <NodeView fleet={fleet} id={place.node} key={place.node} />;
    case 'rollout':
      return <RolloutView fleet={fleet} />;
    case 'timeline':
      return <Timeline fleet={fleet} revision={place.revision} />;
    case 'services':
      return <Services fleet={fleet} service={place.service} />;
    case 'plan':
      return <Plan fleet={fleet} />;
    case 'nowhere':
      return <Nowhere />;
  }
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void start();
