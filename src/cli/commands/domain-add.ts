import { domain as domainGrammar, nodeAddress } from '../../registry/grammar.ts';
import { addDomainSteps, addVpsSteps } from '../../registry/operations/domains.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { checked, wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (add) => {
    add
      .argument('[domain]', 'a public domain, such as curiios.com')
      .option('--description <text>', 'what it is for')
      .option('--vps <address>', 'register where the public DNS of this VPS points to')
      .option('--public-ip <address>', 'its public address')
      .option('--location <text>', 'where it stands, for the strategy geo');
    addChangeOptions(add);
  },
  examples: [
    'syncctl domain add curiios.com --description "Personal site"',
    'syncctl domain add --vps 100.68.225.92 --public-ip 45.8.133.192 --location eu',
  ],
  run: async (call) => {
    const word = call.word(0);
    const vps = call.text('vps');
    if ((word === undefined) === (vps === undefined)) {
      throw wrongWord(
        { place: 'domain', expected: 'a domain or --vps, one of the two', remedy: 'syncctl help domain add' },
        word,
      );
    }
    return word === undefined ? addVps(call, vps ?? '') : addDomain(call, word);
  },
};

function addDomain(call: Call, word: string): Promise<number> {
  const domain = checked(domainGrammar, word, 'domain');
  return change(call, (ground) => ({
    done: `${domain} is registered`,
    steps: addDomainSteps(domain, call.text('description'), ground),
  }));
}

function addVps(call: Call, word: string): Promise<number> {
  const address = checked(nodeAddress, word, '--vps');
  const given = call.text('publicIp');
  const publicIp = given === undefined ? undefined : checked(nodeAddress, given, '--public-ip');
  return change(call, (ground) => {
    if (publicIp === undefined && !ground.snapshot.vpsRecords.has(address))
      throw wrongWord(
        { place: '--public-ip', expected: 'the public address of the VPS', remedy: 'pass --public-ip' },
        undefined,
      );
    return {
      done: `VPS ${address} is registered`,
      steps: addVpsSteps({ address, publicIp, location: call.text('location') }, ground),
    };
  });
}
