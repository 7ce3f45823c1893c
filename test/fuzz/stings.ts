/** Pieces that mean something to a shell, YAML, a Traefik rule, Go templates, /etc/hosts, ssh or a terminal. Each makes any name invalid. */
// prettier-ignore
export const stings = [
  '`', '`) || Host(`evil', '{{', '{{ env "HOME" }}', '{{`', '"', "'", '\\', '\n', '\r\n', '\t', '\0',
  '\u001b[31m', '\u202e', '\u2066', '\u00a0', '\ufeff', ' ', '#', ' #', ': ', ':', '&a', '*', '*a', '!!js',
  '|', '>', '%', '@x', '$(id)', ';id', '&&id', '||id', '<', '(', ')', '[', ']', '{', '}', ',', '/', '../',
  '~', '=', '+', '?', '..', '.', '-', '-oProxyCommand=id', '\ud800', 'é', '１', '\u212a', 'ſ', 'İ', '_',
  '\u2028', '\u0085', '$' + '{IFS}',
] as const;

/** Values of other types than the text that belongs there. */
export const notText = [null, 0, 1, true, false, [], {}, [''], { a: 1 }, -1, 1e400, 0.5] as const;

/** Texts that look like addresses and may serve nobody, or are none. */
// prettier-ignore
export const badAddresses = [
  '0.0.0.0', '0.1.2.3', '127.0.0.1', '127.9.9.9', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::',
  '::1', 'fe80::1', 'fe80::1%eth0', 'ff02::1', '::ffff:10.0.0.1', '::ffff:7f00:1', '10.0.0.256', '10.0.0',
  '10.0.0.1.2', '010.0.0.1', '0x0a000001', '167772161', '10.0.0.1:80', '[fd00::1]', '10.0.0.1/8',
  ' 10.0.0.1', '10.0.0.1 ', '10.0.0.1\n', '10.0.0.1\n100.1.1.1\tbank.example', '10.0.0.1\tevil',
  'localhost', 'host.example', 'null', 'NaN', '１0.0.0.1', 'fd00::1::2', 'fd00:::1', 'gd00::1',
] as const;

/** What is no port. */
// prettier-ignore
export const badPorts = [
  0, -1, 65_536, 80.5, 1e99, null, true, [], {}, '', '0', '080', '0x50', '80 ', ' 80', '8e1', '80;id', '80\n',
  '65536', 'http', '８０', '-80', '+80',
] as const;

/** Login names that must never reach ssh. */
// prettier-ignore
export const badUsers = [
  '', '-l', '-oProxyCommand=id', 'Root', '1abc', 'a'.repeat(33), 'a`', 'a"', 'a b', 'a\n', 'a;id', 'a$(id)', 'a@b', 'a/',
] as const;
