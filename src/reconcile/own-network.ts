import type { Links } from '../lib/links.ts';
import { isTailscale, type Tailnet } from '../lib/tailnet.ts';

/** What is known at the moment when nobody answers. */
export interface Silence {
  /** How many nodes there are. */
  readonly nodes: number;
  /** Address, and since when it is absent, of every absent node. */
  readonly absent: readonly { readonly host: string; readonly sinceMs: number }[];
  readonly links: Links | undefined;
  /** This machine had a default route before. */
  readonly hadDefaultRoute: boolean;
  readonly tailnet: Tailnet | undefined;
}

// All nodes of a fleet do not go off within seconds of each other; to notice it of many takes a while, as they are pushed in turn.
const togetherMs = 10_000;
const togetherMsEach = 50;
const fewest = 3;

/** Why it is rather this machine than the nodes, in words; undefined where a node answers or nothing speaks for it. */
export function ownNetworkFault(silence: Silence): string | undefined {
  const { nodes, absent, links, hadDefaultRoute } = silence;
  if (absent.length === 0 || absent.length < nodes) return undefined;
  if (links?.hasAddress === false) return 'no interface of this machine is up with an address';
  if (hadDefaultRoute && links?.hasDefaultRoute === false) return 'this machine has lost its default route';
  const tailscale = tailscaleFault(silence);
  if (tailscale !== undefined) return tailscale;
  const since = absent.map(({ sinceMs }) => sinceMs);
  const apartMs = Math.max(...since) - Math.min(...since);
  if (absent.length < fewest || apartMs > togetherMs + togetherMsEach * absent.length) return undefined;
  return `all ${String(absent.length)} nodes went silent within ${String(Math.max(1, Math.ceil(apartMs / 1_000)))} s`;
}

/** Speaks only of fleets that are reached through Tailscale alone. */
function tailscaleFault({ absent, tailnet }: Silence): string | undefined {
  if (!absent.every(({ host }) => isTailscale(host))) return undefined;
  if (tailnet?.kind === 'off') return `Tailscale is not connected on this machine (${tailnet.state})`;
  if (tailnet?.kind === 'silent') return 'the Tailscale of this machine does not answer';
  return tailnet?.kind === 'up' && !tailnet.online ? 'this machine is offline in Tailscale' : undefined;
}
