/** A machine of the Tailscale network, as its control server sees it. */
export interface Peer {
  readonly online: boolean;
  readonly expired: boolean;
  /** When an offline peer was last seen, ISO; undefined where that is not known. */
  readonly lastSeen: string | undefined;
}

/** What `tailscale status` says of this machine and its peers. */
export type Tailnet =
  /** The program is not here. */
  | { readonly kind: 'absent' }
  /** The program is here, and its daemon does not answer. */
  | { readonly kind: 'silent' }
  /** The daemon answers and is not connected: then it knows no peers, which says nothing of them. */
  | { readonly kind: 'off'; readonly state: string }
  /** `online`: this machine itself has a connection to the control server. By address. */
  | { readonly kind: 'up'; readonly online: boolean; readonly peers: ReadonlyMap<string, Peer> };

/** True for an address of Tailscale's ranges; others need no peer. */
export function isTailscale(address: string): boolean {
  return /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./u.test(address) || address.startsWith('fd7a:115c:a1e0:');
}
