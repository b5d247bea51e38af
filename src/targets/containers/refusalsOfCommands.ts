import { containerName, thatImage, type RefusalRule } from './refusalRule';

/** Containers that are not there or not running, and commands that do not start in those that are. */
export const commandRefusals: readonly RefusalRule[] = [
  {
    kind: 'container-paused',
    pattern: /[Cc]ontainer (\S+) is paused/,
    say: (name, place) => ({
      message: `The container ${place.container ?? name} is paused.`,
      fix: `Let it go on: ${place.server} unpause ${place.container ?? name}.`,
    }),
  },
  {
    kind: 'container-stopped',
    pattern:
      /[Cc]ontainer (\S+) is (?:not running|restarting)|can only create exec sessions on running containers|container state improper|No such exec instance/,
    say: (name, { container = name || 'CONTAINER', server }) => ({
      message: `The container ${container} is not running.`,
      fix: `Start it: ${server} start ${container}. If it ends at once, ${server} logs ${container} says why.`,
    }),
  },
  {
    kind: 'container-missing',
    pattern: /No such container:? ?(\S*)|no container with name or ID "?([^"\s]+)"? found/i,
    say: (name, { container = name, server }) => ({
      message: `There is no container ${container}.`,
      fix: `See ${server} ps --all for those that there are.`,
    }),
  },
  {
    kind: 'command-absent',
    pattern: /no command specified|no command or entrypoint provided/i,
    say: (_, place) => ({
      message: `${thatImage(place)} names no program of its own, and no command was given.`,
      fix: 'Add the command, such as python predict.py.',
    }),
  },
  {
    kind: 'cwd-missing',
    pattern:
      /chdir to cwd \("?([^")]+)"?\)|chdir to `([^`]+)`|workdir "?([^"\s]+)"? does not exist|Cwd must be an absolute path/,
    say: (folder, place) => ({
      message: `${containerName(place)} has no folder ${folder || 'to work in'}.`,
      fix: 'Choose another with -w, or mount it: -v /folder/here:/folder/there.',
    }),
  },
  {
    kind: 'command-format',
    pattern: /exec format error/,
    say: (_, place) => ({
      message: `${thatImage(place)} is for another kind of processor, or its script has no #! line.`,
      fix: 'Choose an image for this machine, see docker image inspect -f {{.Architecture}}; or begin the script with #!/bin/sh.',
    }),
  },
  {
    kind: 'command-missing',
    pattern:
      /exec: "([^"]+)": (?:executable file not found|stat [^:]+: no such file)|executable file `([^`]+)` not found|exec: "([^"]+)":.*no such file or directory/,
    say: (program, place) => ({
      message: `${containerName(place)} has no program ${program}${program.includes('/') ? '' : ' on its PATH'}.`,
      fix: /^python[\d.]*$/.test(program)
        ? 'Give the path of its Python: python3, /usr/bin/python3, /opt/conda/bin/python or /opt/venv/bin/python.'
        : 'Give its whole path in the container, or install it there.',
    }),
  },
  {
    kind: 'command-denied',
    pattern: /exec: "([^"]+)": permission denied|open executable: Permission denied|OCI permission denied/,
    say: (program, place) => ({
      message: `${containerName(place)} may not run ${program || 'that program'}.`,
      fix: `Make it executable (chmod +x ${program || 'FILE'}), or name the program that reads it: python ${program || 'FILE'}.`,
    }),
  },
  {
    kind: 'path-missing',
    pattern:
      /Could not find the file (\S+) in container|copying from container.*no such file|"?(\/\S+?)"? could not be found (?:on|in) (?:the )?container/,
    say: (file, place) => ({
      message: `${containerName(place)} has no ${file || 'such file'}.`,
      fix: 'The program may have ended before it wrote it, or wrote to another folder.',
    }),
  },
  {
    kind: 'shared-memory',
    pattern: /Bus error.*shared memory|out of shared memory|insufficient shared memory \(shm\)/s,
    say: () => ({
      message: 'The container’s shared memory is full: an engine gives 64 MB unless asked.',
      fix: 'Start it with --shm-size=8g (in devcontainer.json: "runArgs": ["--shm-size=8g"]), or load data with fewer workers.',
    }),
  },
  {
    kind: 'exec-failed',
    pattern: /OCI runtime exec failed: (?:exec failed: )?([^\n]+)/,
    say: (why, { container = 'CONTAINER', server }) => ({
      message: `The command did not start in the container: ${why}.`,
      fix: `See whether ${server} exec ${container} true works; if not, restart it: ${server} restart ${container}.`,
    }),
  },
];
