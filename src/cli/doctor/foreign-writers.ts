/** Programs that rewrite the hosts file beside us, what they do, and what ends it. */
const writers: Readonly<Record<string, { readonly message: string; readonly remedy: string }>> = {
  'cloud-init': {
    message: 'cloud-init rewrites /etc/hosts at every boot (manage_etc_hosts)',
    remedy: "echo 'manage_etc_hosts: false' | sudo tee /etc/cloud/cloud.cfg.d/99-sync-controller.cfg",
  },
  nixos: {
    message: 'NixOS makes /etc/hosts anew with every switch of its configuration',
    remedy:
      'set environment.etc.hosts.mode = "0644" in /etc/nixos/configuration.nix, then: sudo nixos-rebuild switch',
  },
  wsl: {
    message: 'WSL makes /etc/hosts anew at every start (generateHosts)',
    remedy: String.raw`printf '[network]\ngenerateHosts = false\n' | sudo tee -a /etc/wsl.conf`,
  },
  container: {
    message: 'the container runtime makes /etc/hosts anew at every start',
    remedy: 'register the host of the container instead, or give its names with --add-host',
  },
  symlink: {
    message: '/etc/hosts is a symbolic link, so somebody else makes the file',
    remedy: 'sudo cp --remove-destination "$(readlink -f /etc/hosts)" /etc/hosts',
  },
};

/** A writer in words; one that nobody knows here is named as it is. */
export function writerText({ name, path }: { readonly name: string; readonly path: string }): {
  readonly message: string;
  readonly remedy: string;
} {
  const known = writers[name];
  return known === undefined
    ? { message: `${name} rewrites ${path}`, remedy: `look at ${path}` }
    : { ...known, message: `${known.message}, as ${path} says` };
}
