// src/registry/kubernetes-login.ts in the simulator: there is one cluster and everybody may enter.

export interface LoginChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

export interface Login {
  readonly server: URL;
  readonly origin: string;
  requestOptions(): Promise<object>;
  readonly hasProxy: boolean;
  isOutdated(): boolean;
}

export function loadLogin(_choice: LoginChoice): Promise<Login> {
  return Promise.resolve({
    server: new URL('http://kube.sim:6443/'),
    origin: 'the simulator',
    requestOptions: () => Promise.resolve({ headers: {} }),
    hasProxy: false,
    isOutdated: () => false,
  });
}
