import { engineName, type RefusalRule } from './refusalRule';

/** Reaching the engine. Node's own codes come through dockerode, sentences from the docker and podman commands. */
export const engineRefusals: readonly RefusalRule[] = [
  {
    kind: 'engine-denied',
    pattern:
      /connect EACCES (\S*)|permission denied while trying to connect to the (?:docker daemon socket|docker API) at (?:unix:\/\/)?(\S*)|dial unix (\S+): connect: permission denied/i,
    say: (socket, place) => ({
      message: `This user may not use ${engineName(place)} (${socket || 'its socket'}).`,
      fix:
        place.server === 'podman'
          ? 'Use your own: systemctl --user enable --now podman.socket, then set predictscope.containers.endpoint to unix:///run/user/UID/podman/podman.sock.'
          : 'Join the group: sudo usermod -aG docker $USER, then log in again (members can become root; a rootless Docker or Podman needs no group).',
    }),
  },
  {
    kind: 'engine-unreachable',
    pattern:
      /All configured authentication methods failed|Permission denied \(publickey|Host key verification failed/,
    say: (_, place) => ({
      message: `The machine that ${engineName(place)} runs on did not let us in by SSH.`,
      fix: 'Add your key to the agent (ssh-add), and see that ssh HOST true works without a question.',
    }),
  },
  {
    kind: 'engine-unreachable',
    pattern:
      /Client sent an HTTP request to an HTTPS server|Parse Error: Expected HTTP|wrong version number|certificate required/,
    steps: ['connect'],
    say: (_, place) => ({
      message: `${engineName(place)} expects an encrypted connection${at(place.endpoint)}.`,
      fix: 'Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the folder of its certificates.',
    }),
  },
  {
    kind: 'engine-unreachable',
    pattern: /self[- ]signed certificate|unable to verify the first certificate|certificate has expired/,
    steps: ['connect'],
    say: (_, place) => ({
      message: `The certificate of ${engineName(place)} is not trusted${at(place.endpoint)}.`,
      fix: 'Set DOCKER_CERT_PATH to the folder that holds its ca.pem.',
    }),
  },
  {
    kind: 'engine-version',
    pattern: /client version (\S+) is too (old|new)\.?[^\d]*(\d[\d.]*\d)/,
    say: (asked, place, [, , , limit = '']) => ({
      message: `${engineName(place)} does not speak API version ${asked}; it speaks ${limit}.`,
      fix: 'Take DOCKER_API_VERSION out of the environment.',
    }),
  },
  {
    kind: 'engine-not-running',
    pattern:
      /connect ENOENT (\S*)|Cannot connect to the Docker daemon at (\S*?)\.? |failed to connect to the docker API at ([^\s;]*)|open (\/\/\.\/pipe\/\w+): The system cannot find|dial unix (\S+): connect: no such file/,
    say: (socket, place) => ({
      message: `${engineName(place)} is not running, or listens elsewhere: there is no ${socket || 'socket'}.`,
      fix: start(place.server),
    }),
  },
  {
    kind: 'engine-not-running',
    pattern: /connect ECONNREFUSED (\S*)|dial (?:unix|tcp) (\S+): connect: connection refused/,
    steps: ['connect', 'create', 'start', 'exec', 'copy'],
    say: (address, place) => ({
      message: `Nothing listens on ${address || 'its address'}: ${engineName(place)} is not running there.`,
      fix: start(place.server),
    }),
  },
  {
    kind: 'engine-unreachable',
    pattern: /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (\S*)|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    steps: ['connect', 'create', 'start', 'exec', 'copy'],
    say: (host, place) => ({
      message: `The machine${host ? ` ${host}` : ''} that ${engineName(place)} runs on cannot be reached${host ? '' : at(place.endpoint)}.`,
      fix: 'See that DOCKER_HOST, docker context ls and the setting predictscope.containers.endpoint name the right machine, and that the network is up.',
    }),
  },
  {
    kind: 'engine-unreachable',
    pattern: /socket hang up|ECONNRESET|EPIPE/,
    say: (_, place) => ({
      message: `${engineName(place)} closed the connection.`,
      fix: `It may have been restarted: try again. Its log: ${place.server === 'podman' ? 'journalctl --user -u podman' : 'journalctl -u docker'}.`,
    }),
  },
];

function at(endpoint: string | undefined): string {
  return endpoint ? ` (${endpoint})` : '';
}

function start(server: 'docker' | 'podman'): string {
  return server === 'podman'
    ? 'Start it: systemctl --user start podman.socket.'
    : 'Start it: sudo systemctl start docker (or Docker Desktop), or set predictscope.containers.endpoint to where it listens.';
}
