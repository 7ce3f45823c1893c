/** Where in the dashboard somebody is; the part of the address behind `#`. */
export type Place =
  | { readonly view: 'fleet' }
  | { readonly view: 'node'; readonly node: string }
  | { readonly view: 'rollout' }
  | { readonly view: 'timeline'; readonly revision: number | undefined }
  | { readonly view: 'services'; readonly service: string | undefined }
  | { readonly view: 'plan' }
  | { readonly view: 'nowhere' };

/** The place that an address names. */
export function placeOf(hash: string): Place {
  const [view = '', ...rest] = hash.replace(/^#?\/?/u, '').split('/');
  const word = decoded(rest.join('/'));
  switch (view) {
    case '':
      return { view: 'fleet' };
    case 'nodes':
      return word === '' ? { view: 'fleet' } : { view: 'node', node: word };
    case 'rollout':
    case 'plan':
      return { view };
    case 'timeline':
      return { view, revision: /^R?\d{1,9}$/u.test(word) ? Number(word.replace('R', '')) : undefined };
    case 'services':
      return { view, service: word === '' ? undefined : word };
    default:
      return { view: 'nowhere' };
  }
}

/** The address of a place. */
export function hashOf(place: Place): string {
  switch (place.view) {
    case 'fleet':
    case 'nowhere':
      return '#/';
    case 'node':
      return `#/nodes/${encodeURIComponent(place.node)}`;
    case 'rollout':
    case 'plan':
      return `#/${place.view}`;
    case 'timeline':
      return place.revision === undefined ? '#/timeline' : `#/timeline/R${String(place.revision)}`;
    case 'services':
      return place.service === undefined ? '#/services' : `#/services/${encodeURIComponent(place.service)}`;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
