/** An entry of `services.json`, after the strict grammars. `subdomain` may be a label path, `''` (bare cluster domain) or `@` (root of a public domain). */
export interface Service {
  readonly name: string;
  readonly subdomain: string;
  readonly namespace: string | undefined;
  readonly service: string | undefined;
  /** `undefined` where the load balancer has not given one yet: such a service is listed and not served. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly public: boolean;
  readonly updated: string | undefined;
  /** Of several sources: whose it is, the place of that one in their order, and its own cluster domain where it has another one. */
  readonly source?: string;
  readonly rank?: number;
  readonly clusterDomain?: string;
}

/** An entry of `domains.json` → `domains`. */
export interface Domain {
  readonly name: string;
  readonly description: string;
  readonly registered: string | undefined;
  readonly status: string | undefined;
  /** Whose it is, of several sources. */
  readonly source?: string;
}

/** An entry of `domains.json` → `vps_nodes`: what the public DNS of a VPS points to. */
export interface VpsRecord {
  readonly tailscaleIp: string;
  readonly publicIp: string;
  readonly location: string;
  readonly registered: string | undefined;
  readonly status: string | undefined;
}

/** How public DNS orders the VPS nodes of a service. It never changes what a node serves. */
export type Strategy = 'round-robin' | 'primary-backup' | 'geo';

/** An entry of `routing.json`: on which domains and VPS nodes a service is served. */
export interface Route {
  readonly service: string;
  readonly domains: readonly string[];
  readonly vpsNodes: readonly string[];
  readonly strategy: Strategy;
}

/** The plain strings of `cluster-info`. `domain` has no `.local` suffix. */
export interface ClusterInfo {
  readonly name: string | undefined;
  readonly domain: string | undefined;
  readonly controlPlaneIp: string | undefined;
  readonly publicDomain: string | undefined;
}
