import { describe, expect, it } from 'vitest';
import { givenKeys, pinsWith } from '../../src/enrol/trust.ts';
import type { FoundKey } from '../../src/enrol/trust.ts';
import type { HostKeyPin } from '../../src/model/node.ts';
import { fingerprintOf } from '../../src/transport/host-keys.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { ManualClock } from '../support/manual-clock.ts';

function fresh(source: FoundKey['source']): FoundKey {
  const key = ed25519Key('node').publicLine.split(' ').slice(0, 2).join(' ');
  return { key, fingerprint: fingerprintOf(key), source };
}

const clock = new ManualClock(Date.UTC(2026, 10, 21, 10, 0, 0));
const added = '2026-11-21T10:00:00Z';
const old: HostKeyPin = { key: fresh('scan').key, source: 'scan', added: '2025-01-01T00:00:00Z' };

describe('trusting host keys', () => {
  it('adds keys with where they came from and when, and keeps what stood there as it was', () => {
    const found = fresh('known_hosts');
    expect(pinsWith([old], [found], { clock })).toEqual([
      old,
      { key: found.key, source: 'known_hosts', added },
    ]);
  });

  it('adds a key that is already pinned only once, under its first date', () => {
    expect(pinsWith([old], [{ ...fresh('given'), key: old.key }], { clock })).toEqual([old]);
  });

  it('drops the old keys only when told to replace', () => {
    const found = fresh('given');
    expect(pinsWith([old], [found], { clock, replace: true })).toEqual([
      { key: found.key, source: 'given', added },
    ]);
  });

  it('keeps the date of a key that stays while others are replaced', () => {
    const kept = { ...fresh('given'), key: old.key };
    expect(pinsWith([old, { ...old, key: fresh('scan').key }], [kept], { clock, replace: true })).toEqual([
      old,
    ]);
  });

  it('takes a whole key line without asking the node', () => {
    const { key } = fresh('given');
    expect(givenKeys([`${key} root@node`], [])).toEqual([
      { key, fingerprint: fingerprintOf(key), source: 'given' },
    ]);
  });

  it('takes the shown key that has the given fingerprint, and no other', () => {
    const [one, two] = [fresh('scan'), fresh('scan')];
    expect(givenKeys([two.fingerprint], [one, two])).toEqual([{ ...two, source: 'given' }]);
  });

  it('trusts nothing when no shown key has the given fingerprint, and names what is shown', () => {
    const shown = fresh('scan');
    const other = fresh('scan').fingerprint;
    expect(() => givenKeys([other], [shown])).toThrow(shown.fingerprint);
    expect(() => givenKeys([other], [])).toThrow('none');
  });
});
