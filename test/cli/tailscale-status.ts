/** A peer as `tailscale status --json` prints it: its own spelling, and null where a list is empty. */
export interface PeerWords {
  readonly name: string;
  readonly ip?: string;
  readonly online?: boolean;
  readonly expired?: boolean;
}

function machine({ name, ip, online = true, expired }: PeerWords): object {
  return {
    ID: `n${name}CNTRL`,
    PublicKey: `nodekey:${Buffer.from(name).toString('hex').padEnd(64, '0')}`,
    HostName: name,
    DNSName: `${name}.tail1234.ts.net.`,
    OS: 'linux',
    UserID: 1234567890,
    TailscaleIPs: ip === undefined ? null : [ip, `fd7a:115c:a1e0::${String(name.length)}`],
    Addrs: null,
    CurAddr: '',
    Relay: 'fra',
    RxBytes: 0,
    TxBytes: 0,
    Created: '2025-11-08T05:16:58.123456789Z',
    LastSeen: online ? '0001-01-01T00:00:00Z' : '2025-11-21T20:45:00.1Z',
    Online: online,
    ExitNode: false,
    Active: false,
    PeerAPIURL: null,
    InNetworkMap: true,
    ...(expired === undefined ? {} : { Expired: expired, KeyExpiry: '2025-10-01T00:00:00Z' }),
  };
}

/** What `tailscale status --json` says, in the state and with the peers that a test wants. */
export function tailscaleStatus(
  peers: readonly PeerWords[] | undefined,
  state: 'Running' | 'Stopped' | 'NeedsLogin' | 'NeedsMachineAuth' | 'Starting' = 'Running',
): string {
  const up = state === 'Running';
  return JSON.stringify(
    {
      Version: '1.90.6-t1234567-g89abcdef0',
      TUN: true,
      BackendState: state,
      HaveNodeKey: state !== 'NeedsLogin',
      AuthURL: '',
      TailscaleIPs: up ? ['100.100.1.1'] : null,
      Self: machine(
        up ? { name: 'control-plane', ip: '100.100.1.1' } : { name: 'control-plane', online: false },
      ),
      Health: up ? [] : [`state=${state}, wantRunning=${String(state !== 'Stopped')}`],
      MagicDNSSuffix: up ? 'tail1234.ts.net' : '',
      CurrentTailnet: up
        ? { Name: 'a@example.org', MagicDNSSuffix: 'tail1234.ts.net', MagicDNSEnabled: true }
        : null,
      CertDomains: null,
      Peer:
        peers === undefined
          ? null
          : Object.fromEntries(peers.map((peer) => [`nodekey:${peer.name}`, machine(peer)])),
      User: null,
      ClientVersion: null,
    },
    null,
    2,
  );
}
