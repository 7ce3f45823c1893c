import { badAddresses, badPorts, badUsers, notText, stings } from './stings.ts';

/** A repeatable stream of numbers in [0, 1): mulberry32. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Dice = () => number;

function pick<T>(roll: Dice, list: readonly T[]): T {
  const item = list[Math.floor(roll() * list.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz'.split('');

function letters(roll: Dice): string {
  return Array.from({ length: 1 + Math.floor(roll() * 8) }, () => pick(roll, alphabet)).join('');
}

/** A name that no grammar of names may accept: a sting before, inside or behind letters. */
function stung(roll: Dice): string {
  const sting = pick(roll, stings);
  const [a, b] = [letters(roll), letters(roll)];
  // These are harmless inside a label path, or inside a service name, so they only count at the ends.
  const place = ['.', '-', '_'].includes(sting) ? pick(roll, [0, 2]) : pick(roll, [0, 1, 2]);
  return place === 0 ? `${sting}${a}` : place === 1 ? `${a}${sting}${b}` : `${a}${sting}`;
}

function badName(roll: Dice): unknown {
  const kind = roll();
  if (kind < 0.7) return stung(roll);
  if (kind < 0.85) return 'x'.repeat(64 + Math.floor(roll() * 3000));
  return pick(roll, notText);
}

function badAddress(roll: Dice): unknown {
  return roll() < 0.8
    ? pick(roll, badAddresses)
    : roll() < 0.5
      ? `10.0.0.1${pick(roll, stings)}`
      : pick(roll, [1, true, [], {}, ['10.0.0.1']]);
}

/** One generated service entry, and what it must come to: nothing, or exactly one name. */
export interface HostileEntry {
  readonly key: string;
  readonly value: unknown;
  readonly good:
    | { readonly subdomain: string; readonly ip: string; readonly port: number; readonly public: boolean }
    | undefined;
}

function addressV4(index: number): string {
  return `10.${String((index >> 16) & 255)}.${String((index >> 8) & 255)}.${String(index & 255)}`;
}

/** In its shortest form, since that is how it must come out. */
function addressV6(index: number): string {
  const [high, low] = [Math.floor(index / 65_535), (index % 65_535) + 1];
  return `fd00:${high === 0 ? '' : high.toString(16)}::${low.toString(16)}`.replace(':::', '::');
}

/** A service entry: sound, or with one thing in it that must set it aside. `index` makes sound ones distinct. */
export function hostileService(roll: Dice, index: number): HostileEntry {
  const good = {
    subdomain: `${letters(roll)}-${String(index)}${roll() < 0.2 ? `.${letters(roll)}` : ''}`,
    ip: roll() < 0.1 ? addressV6(index) : addressV4(index),
    port: 1 + Math.floor(roll() * 65_535),
    public: roll() < 0.5,
  };
  const key = `${letters(roll)}${pick(roll, ['', '-', '.', '_'])}${String(index)}`;
  // What decides nothing may hold anything: it must reach no node.
  const talk = {
    namespace: badName(roll),
    service: badName(roll),
    updated: badName(roll),
    [String(badName(roll))]: badName(roll),
    ['__proto__']: { public: true },
  };
  const value = { ...talk, ...good };
  const kind = Math.floor(roll() * 10);
  if (kind < 4) return { key, value, good };
  if (kind === 4)
    return {
      key,
      value: pick(
        roll,
        notText.filter((item) => item !== null),
      ),
      good: undefined,
    };
  if (kind === 5) return { key: stung(roll), value, good: undefined };
  if (kind === 6) return { key, value: { ...value, ip: badAddress(roll) }, good: undefined };
  if (kind === 7) return { key, value: { ...value, port: pick(roll, badPorts) }, good: undefined };
  return { key, value: { ...value, subdomain: badName(roll) }, good: undefined };
}

/** A row of the node registry with one hostile field, or a sound one. */
export function hostileRow(roll: Dice, index: number): { readonly row: unknown; readonly good: boolean } {
  const row = {
    ip: `100.${String(64 + ((index >> 16) & 63))}.${String((index >> 8) & 255)}.${String(index & 255)}`,
    ssh_user: letters(roll),
  };
  const talk = {
    name: badName(roll),
    repo_path: badName(roll),
    status: badName(roll),
    last_sync: badName(roll),
  };
  const kind = Math.floor(roll() * 6);
  if (kind < 2) return { row: { ...talk, ...row }, good: true };
  if (kind === 2) return { row: pick(roll, notText), good: false };
  if (kind === 3)
    return {
      row: {
        ...row,
        ip: pick(
          roll,
          badAddresses.filter((ip) => !/^(127|169|fe80::1$|::1$)/.test(ip)),
        ),
      },
      good: false,
    };
  if (kind === 4)
    return {
      row: {
        ...row,
        ssh_user: pick(roll, badUsers),
      },
      good: false,
    };
  return { row: { ...row, sync_controller: { public_domain: stung(roll), ssh_port: 22 } }, good: false };
}

/** A value for `routing.json`, hostile in its domains, its VPS addresses or its whole shape. */
export function hostileRoute(roll: Dice): unknown {
  return pick<unknown>(roll, [
    { domains: [stung(roll)], vps_nodes: ['100.64.0.0'] },
    { domains: ['ok.example', stung(roll)], vps_nodes: ['100.64.0.0'] },
    {
      domains: ['ok.example'],
      vps_nodes: [badAddress(roll)].map((item) => (item === '127.0.0.1' ? 'x' : item)),
    },
    { domains: stung(roll), vps_nodes: [] },
    pick(roll, notText),
  ]);
}
