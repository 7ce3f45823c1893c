import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { wrongWord } from '../words.ts';

const bash = `# bash completion of syncctl; load it with: source <(syncctl completion bash)
_syncctl() {
  # No compgen -W: it would expand the words like a command line.
  mapfile -t COMPREPLY < <(syncctl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _syncctl syncctl
`;

const zsh = `#compdef syncctl
# zsh completion of syncctl; load it with: source <(syncctl completion zsh)
_syncctl() {
  local -a found
  found=("\${(@f)$(syncctl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
# As a file of the fpath it is the function; sourced, it only makes itself known.
if [[ $funcstack[1] == _syncctl ]]; then _syncctl "$@"; else compdef _syncctl syncctl; fi
`;

const fish = `# fish completion of syncctl; load it with: syncctl completion fish | source
function __syncctl_complete
  set -l words (commandline -opc) (commandline -ct)
  syncctl __complete $words[2..-1] 2>/dev/null
end
complete -c syncctl -f -a '(__syncctl_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

export const command: CommandModule = {
  configure: (completion) => {
    completion.argument('<shell>', 'bash, zsh or fish');
  },
  examples: ['source <(syncctl completion bash)', 'syncctl completion fish | source'],
  run: (call) => {
    const shell = call.need(0);
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined)
      throw wrongWord(
        { place: 'shell', expected: 'bash, zsh or fish', remedy: 'syncctl help completion' },
        shell,
      );
    call.context.stdout.write(script);
    return Promise.resolve(exitCodes.ok);
  },
};
