import type { ClusterInfo } from '../model/service.ts';
import type { RawObject } from '../model/snapshot.ts';
import * as grammar from './grammar.ts';
import { excerpt, type Place } from './quarantine.ts';
import { isSealed } from './sealed/envelope.ts';
import { judged, SealedText } from './sealed/sealed-text.ts';

/** The plain strings of `cluster-info`. A value that vanished or broke keeps its last good; `""` takes it away on purpose. */
export function parseClusterInfo(
  raw: RawObject | undefined,
  lastGood: ClusterInfo,
  place: Place,
): ClusterInfo {
  if (raw === undefined) return lastGood;
  const read = (key: string, rule: grammar.Grammar<string>, before: string | undefined): Reading =>
    readText(raw, key, { rule, before });
  return {
    name: told(read('cluster-name', grammar.word, lastGood.name), (message) => {
      place.at('cluster-name').warn(message);
    }),
    domain: told(read('cluster-domain', grammar.clusterDomain, lastGood.domain), (message) => {
      place.at('cluster-domain').error(message);
    }),
    controlPlaneIp: told(
      read('control-plane-ip', grammar.nodeAddress, lastGood.controlPlaneIp),
      (message) => {
        place.at('control-plane-ip').warn(message);
      },
    ),
    publicDomain: told(read('public-domain', grammar.domain, lastGood.publicDomain), (message) => {
      place.at('public-domain').error(message);
    }),
  };
}

interface Reading {
  readonly value: string | undefined;
  readonly complaint?: string;
}

function told(reading: Reading, tell: (message: string) => void): string | undefined {
  if (reading.complaint !== undefined) tell(reading.complaint);
  return reading.value;
}

interface TextContext {
  readonly rule: grammar.Grammar<string>;
  readonly before: string | undefined;
}

function readText(raw: RawObject, key: string, { rule, before }: TextContext): Reading {
  const text = Object.hasOwn(raw.data, key) ? raw.data[key]?.trim() : undefined;
  if (text === '') return { value: undefined };
  const stays = before === undefined ? '' : `; the last good value ${before} stays`;
  if (text === undefined) {
    return before === undefined
      ? { value: undefined }
      : { value: before, complaint: `expected a value, or "" for none on purpose, got no such key${stays}` };
  }
  const value = isSealed(text) ? new SealedText(text) : text;
  const verdict = judged(rule, value);
  return verdict.ok
    ? { value: verdict.value }
    : { value: before, complaint: `expected ${verdict.expected}, got ${excerpt(value)}${stays}` };
}
