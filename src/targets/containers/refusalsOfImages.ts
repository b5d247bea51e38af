import { engineName, imageName, thatImage, type RefusalPlace, type RefusalRule } from './refusalRule';

/** Names of images, and fetching them. Sentences of registries, of Docker's puller, and of containers/image (Podman). */
export const imageRefusals: readonly RefusalRule[] = [
  {
    kind: 'image-name',
    pattern: /invalid reference format|repository name (?:\(.*\) )?must be lowercase|must be canonical/,
    say: (_, place) => ({
      message: `${place.image ? `“${place.image}”` : 'This'} is no name of an image.`,
      fix: 'Write it as NAME:TAG or REGISTRY/NAME:TAG, in small letters, such as tensorflow/tensorflow:2.15.0-gpu.',
    }),
  },
  {
    kind: 'pull-limit',
    pattern: /toomanyrequests|reached your (?:unauthenticated )?pull rate limit/,
    say: (_, place) => ({
      message: 'The registry has had too many requests from here.',
      fix: `Run ${place.server} login, or wait some hours.`,
    }),
  },
  {
    kind: 'image-platform',
    pattern:
      /no matching manifest for (\S+)|no image found in (?:image index|manifest list) for architecture "?([\w/]+)"?|does not (?:match the specified|provide the specified) platform/,
    say: (platform, place) => ({
      message: `${thatImage(place)} is not made for ${platform || 'this kind of machine'}.`,
      fix: 'Choose another tag, or run it emulated with --platform linux/amd64 (much slower: its times say nothing).',
    }),
  },
  {
    kind: 'pull-certificate',
    pattern: /x509: |certificate signed by unknown authority/,
    steps: ['pull', 'create'],
    say: (_, place) => ({
      message: 'The certificate of the registry is not trusted here, as behind a proxy of a company.',
      fix:
        place.server === 'podman'
          ? 'Put its certificate into /etc/containers/certs.d/REGISTRY/ca.crt.'
          : 'Put its certificate into /etc/docker/certs.d/REGISTRY/ca.crt.',
    }),
  },
  {
    kind: 'pull-offline',
    pattern:
      /no such host|Temporary failure in name resolution|getaddrinfo \w+|dial tcp\b|TLS handshake timeout|i\/o timeout|context deadline exceeded|network is unreachable|Client\.Timeout|pinging container registry|server misbehaving/,
    steps: ['pull', 'create'],
    say: (_, place, [found]) => ({
      message: `The registry of ${imageName(place)} cannot be reached from where ${engineName(place)} runs (${found}).`,
      fix: `Bring the image along: ${place.server} save ${place.image ?? 'IMAGE'} on a machine that has it, ${place.server} load here; or set a proxy for the engine.`,
    }),
  },
  {
    kind: 'pull-unknown',
    pattern: /manifest unknown|manifest for \S+ not found|name unknown|NAME_UNKNOWN/,
    say: (_, place) => ({
      message: `The registry has no ${place.image ?? 'such image or tag'}.`,
      fix: 'Look the tag up on the registry’s page; some are removed after a while.',
    }),
  },
  {
    kind: 'pull-denied',
    pattern:
      /pull access denied|requested access to the resource is denied|unauthorized|authentication required|(?:^|: )denied: |no basic auth credentials/,
    steps: ['pull', 'create'],
    say: (_, place) => ({
      message: `The registry does not give out ${imageName(place)}: it needs a login, or has no image of that name.`,
      fix: `Check the name, or run ${place.server} login ${registry(place)}.`,
    }),
  },
  {
    kind: 'pull-unknown',
    pattern:
      /short-name "?([^"\s]*)"? did not resolve|short-name resolution enforced but cannot prompt without a TTY/,
    say: (found, { image = found || 'NAME' }) => ({
      message: 'Podman wants the registry in the name of an image.',
      fix: `Write docker.io/${image.includes('/') ? '' : 'library/'}${image}.`,
    }),
  },
  {
    kind: 'image-missing',
    pattern: /No such image:? ?(\S*)|(\S+): image not known|unable to find image '?([^']*)'? locally/i,
    say: (found, { server, image = found || 'IMAGE' }) => ({
      message: `${engineName({ server })} does not have the image ${image}.`,
      fix: `Fetch it: ${server} pull ${image}; or build it: ${server} build -t ${image} FOLDER.`,
    }),
  },
];

/** The host part of an image's name; '' for the default registry. */
function registry({ image = '' }: RefusalPlace): string {
  const [, host] = /^([^/]*[.:][^/]*|localhost)\//.exec(image) ?? [];
  return host ?? '';
}
