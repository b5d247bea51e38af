import { readFile } from 'node:fs/promises';
import path from 'node:path';

export const usage = `usage: predictscope COMMAND

  sites PATH…      [--json]             find the calls of models in files and folders: Python, notebooks,
                                        JavaScript, TypeScript
  targets          [--json]             where a program can run: this machine, the dev container of the folder,
                                        running containers, images, Dockerfiles
      --root DIR, --no-root             the workspace's folder (default: the working directory), or none
      --endpoint E                      the container engine (default: DOCKER_HOST, the docker context, the
                                        usual sockets)
  sites --target T [-- COMMAND…]        the same in the console scripts of a container or image (and in what
                                        COMMAND runs): their code is copied below the log directory
      --log-dir DIR, --endpoint E, --json
  profile [options] -- COMMAND…         run a program and time its predict calls; its standard input, output,
                                        error and exit code are its own (125: it could not be started)
      --site FILE:LINE[:COLUMN]         time this call (repeatable; default: every confident predict call)
      --root DIR                        where to look for predict calls (default: the working directory)
      --include GLOB, --exclude GLOB    which files below it (repeatable)
      --log-dir DIR                     where runs are kept (default: ROOT/.predictscope/runs)
      --warm-up N                       calls before the steady trace window (default 5)
      --calls N                         calls in that window (default 20; 0: no trace, call times only)
      --seconds S                       that window closes after S seconds at the latest (default 10)
      --sampler-interval MS             look every MS milliseconds where the program is (default 5; 0: never)
      --exact-lines                     count the lines of functions with such calls exactly (Python 3.12 and
                                        later; slows these functions down)
      --keep-outputs                    note shape, least, most, mean, NaN and checksum of what the first 20 calls
                                        return, for compare; waits for the device
      --framework-calls                 time calls from code without source too, by wrapping the frameworks' own
                                        functions (done for python -c, standard input and .pyc files)
      --stop-after N|SECONDSs           stop recording after N calls or so many seconds
      --target T                        where to run: local, container:NAME, image:NAME, devcontainer[:DIR],
                                        dockerfile:FILE, apptainer:IMAGE; without it a COMMAND such as
                                        docker run … is followed into its container
      --gpu auto|required|none          what a container of ours is given (default: auto)
      --endpoint E                      the container engine
      --json FILE                       write the summary as JSON
  summarize PATH   [--json]             a run directory, or one trace file of any format
  compare A B [--json|--html]           two runs, or two sets (A1,A2,A3 B1,B2,B3): what changed, and how sure that is
      --repeat N                        run both again N times in turn, and compare those
      --paired                          the sets were made in turn
  report RUN [-o FILE.html|.md|.json]   a run as one page that opens anywhere, as Markdown (default), or JSON
      --without-paths                   leave out absolute paths and the program's arguments
  attach PID [--seconds N] [--json]     a Python program that runs already: the lines that it is in
      --by sampling|py-spy|remote-exec  how: the sampler of Python 3.15, py-spy, or a thread within the program by
                                        sys.remote_exec of Python 3.14 (default: the first that is there)
  capture RUN                           a run that goes on: trace its next calls
  doctor [options] [-- PYTHON|docker …] what stands in the way of a true profile: Python, frameworks, GPU, CUPTI,
                                        container, clock, log directory (125: nothing could be asked)
      --target T                        the place to examine (default: local)
      --log-dir DIR, --endpoint E       as for profile
      --json                            print { target, findings } as JSON
  insert FILE[:LINE]… [options]         put profiler calls into the source, around the calls of these lines or
                                        all predict calls (1: something was refused; 125: could not be done)
      --plain                           the framework's own start and stop, in try/finally
      --log-dir DIR                     where the program then writes (default: .predictscope/runs)
      --json                            print what was done as JSON
  remove FILE[:LINE]… [--json]          take them out again; the file is then as it was, to the byte
                                        (1: something that was changed by hand is left)

  --version, --help
`;

export async function version(root: string): Promise<string> {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
