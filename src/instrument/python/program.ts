/**
 * The program that the marked line of the compact form runs. It needs the standard library of Python 3.6, and
 * leaves a run directory in the form of docs/run-directory.md.
 *
 * It is packed to one line, so it holds no string over several lines, no docstring, and comments only on lines
 * of their own. `test/unit/instrument/program.test.ts` compiles it with every Python of the machine.
 */

import type { Site } from '../../sites/site';
import { pythonString, pythonLiteral, unescapePython } from './literal';

/** First line of the program: what tells our marked line from anybody's own `exec`. */
const heading =
  '# Written by Predictscope: times the marked calls and traces a few. "Remove profiler calls" takes it out.';

export const mark = '# predictscope';

/** Reserved for what is inserted; nothing else in a file begins with it. */
export const prefix = '_predictscope_';

/** `_predictscope_e(_predictscope_b(1), f(x))`: takes the time before `f` and its arguments, and after. */
export const begin = `${prefix}b`;
export const end = `${prefix}e`;

const recorder = String.raw`
def make():
    import atexit, json, os, struct, threading, time
    perf = getattr(time, 'perf_counter_ns', None) or (lambda: int(time.perf_counter() * 1e9))
    unix = getattr(time, 'time_ns', None) or (lambda: int(time.time() * 1e9))
    native = getattr(threading, 'get_native_id', threading.get_ident)
    pack, write, getpid = struct.Struct('<QQQQIIIHBB').pack, os.write, os.getpid

    class Recorder:
        off = tracing = done = False
        pid = session = None
        left = 2700000
        seen = traced = 0

        def __init__(self):
            # Processes that this one starts write into the same run.
            name = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime()) + '-%04x' % (unix() // 1000 * 40503 + getpid() & 65535)
            self.run = os.environ.setdefault('PREDICTSCOPE_INSERTED', os.path.join(LOG, name))
            self.files = []
            self.lock = threading.RLock()
            # The run begins where the marked line is: shares are of the time from there.
            self.born = unix(), perf()

        # The functions of one marked file.
        def add(self, module, file, sites):
            numbers = {n: int(site[0][:8], 16) for n, site in sites.items()}
            with self.lock:
                self.files = [f for f in self.files if f[1] != file] + [(module, file, sites, numbers)]
                if self.pid == getpid():
                    self.configure(self.files[-1:])
            return Begin(numbers), End()

        # The folder of this process: at its first call, and again after a fork.
        def open(self):
            if self.pid is not None and self.pid != getpid():
                self.lock, self.session, self.tracing, self.done = threading.RLock(), None, False, False
                forked = True
            else:
                forked = False
            with self.lock:
                if self.pid == getpid():
                    return
                host = ''.join(c if c.isalnum() or c in '._' else '_' for c in os.uname().nodename if ord(c) < 128) if hasattr(os, 'uname') else 'host'
                self.folder = os.path.join(self.run, '%s-%d-%d' % (host or 'host', getpid(), unix()))
                os.makedirs(self.folder)
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0)
                self.log = os.open(os.path.join(self.folder, 'process.jsonl'), flags, 0o644)
                argv = getattr(sys, 'orig_argv', None) or [sys.executable or 'python'] + getattr(sys, 'argv', [])
                rank = [int(v) for v in map(os.environ.get, ('RANK', 'OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'SLURM_PROCID')) if v and v.isdigit()]
                born = (unix(), perf()) if forked else self.born
                self.say(t='process', pid=getpid(), ppid=os.getppid(), host=host, argv=argv, python='%d.%d.%d' % sys.version_info[:3], executable=sys.executable or '', rank=rank[0] if rank else None, unixNs=str(born[0]), perfNs=str(born[1]), inserted=True)
                self.calls = os.open(os.path.join(self.folder, 'calls-0.bin'), flags, 0o644)
                write(self.calls, struct.pack('<8sIIQQQQ', b'PSCALL1\n', 4096, 48, getpid(), perf(), unix(), 2 ** 64 - 1).ljust(4096, b'\0'))
                self.configure(self.files)
                self.note(3, perf(), unix())
                self.tracing = not forked
                self.pid = getpid()
                atexit.register(self.exit)

        def say(self, **record):
            write(self.log, (json.dumps(record) + '\n').encode())

        def note(self, kind, begin, end):
            write(self.calls, pack(begin, end, native(), 0, 0, 0, 0, 0, 0, kind))

        # Says in config.json which calls these files hold, and where they stand now.
        def configure(self, files):
            import hashlib, re
            path = os.path.join(self.run, 'config.json')
            try:
                with open(path, encoding='utf-8') as f:
                    known = json.load(f)['files']
            except (OSError, ValueError, KeyError):
                known = []
            for module, file, sites, numbers in files:
                ran = os.path.abspath(module.get('__file__') or file)
                try:
                    with open(ran, 'rb') as f:
                        source = f.read()
                except OSError:
                    source = b''
                lines = source.replace(b'\r\n', b'\n').replace(b'\r', b'\n').split(b'\n')
                at = {int(n): i for i, line in enumerate(lines, 1) for n in re.findall(br'_predictscope_b\((\d+)\)', line)}
                entry = {'file': file, 'sha256': hashlib.sha256(source).hexdigest(), 'module': module.get('__name__', ''), 'sites': []}
                for n, (id, callee, framework, qualname, ordinal, line, column, more, utf8Column, endUtf8Column) in sorted(sites.items()):
                    if n in at or not at:
                        line = at.get(n, line)
                        entry['sites'].append(dict(index=numbers[n], id=id, callee=callee, framework=framework, qualname=qualname, ordinal=ordinal, line=line, column=column, utf8Column=utf8Column, endLine=line + more, endUtf8Column=endUtf8Column))
                known = [f for f in known if f.get('file') != file] + [entry]
                self.say(t='file', file=file, ran=ran, match='path', same=True, sites=[s['index'] for s in entry['sites']], missing=[])
            with open(path + '.%d' % getpid(), 'w') as f:
                json.dump({'format': 'predictscope.config/1', 'files': known, 'options': {'warmUpCalls': 5, 'tracedCalls': 20, 'tracedSeconds': 10, 'store': 'append'}}, f)
            os.replace(f.name, path)

        # Before a call, while a trace is still to be taken: its span in the trace, or None.
        def enter(self, site):
            with self.lock:
                self.seen += 1
                if not self.tracing or self.seen <= 5:
                    return None
                begin = perf()
                if self.session is None:
                    self.session = self.start(site)
                    self.tracing = self.session is not None
                    if not self.tracing:
                        return None
                    self.until = begin + 10 ** 10
                elif begin > self.until:
                    self.close()
                    return None
                try:
                    span = self.session.span(site, self.traced + 1)
                    if span is not None:
                        self.traced += 1
                        self.note(2, begin, perf())
                    return span
                except Exception as error:
                    self.untraced(error)
                    self.close()

        def leave(self, span, ended):
            span.__exit__(None, None, None)
            with self.lock:
                if self.session is not None and (self.traced >= self.session.most or ended > self.until):
                    self.close()
                else:
                    self.note(2, ended, perf())

        def start(self, site):
            framework = next((f[2][n][2] for f in self.files for n in f[2] if f[3][n] == site), '')
            for kind in sessions:
                module = sys.modules.get(kind.name)
                if framework in (kind.name, kind.also) and hasattr(module, '__version__'):
                    path = os.path.join(self.folder, 'trace-0')
                    os.makedirs(path)
                    try:
                        return kind(module, path)
                    except Exception as error:
                        self.untraced(error)
                        os.rmdir(path)
                    break

        def untraced(self, error):
            self.say(t='problem', message="Calls are timed, but no further trace is taken: the framework's profiler could not start (%s: %s)." % (type(error).__name__, error))

        def stop(self, error):
            self.off = True
            try:
                self.say(t='problem', message='Later calls are not recorded: %s: %s' % (type(error).__name__, error))
            except Exception:
                pass

        def close(self):
            session = self.session
            if session is None or getpid() != self.pid:
                return
            with self.lock:
                if self.session is None:
                    return
                begin, self.session, self.tracing = perf(), None, False
                try:
                    session.stop()
                    if self.traced:
                        self.say(t='trace', path='trace-0', framework=session.name, window='steady', calls=self.traced)
                    self.say(t='framework', name=session.name, version=str(session.module.__version__), keras=str(getattr(sys.modules.get('keras'), '__version__', '')), devices=session.devices())
                except Exception as error:
                    self.say(t='problem', message='The trace could not be written: %s: %s' % (type(error).__name__, error))
                self.note(2, begin, perf())

        def exit(self):
            try:
                if getpid() == self.pid and not self.done:
                    self.done = True
                    self.close()
                    self.note(3, perf(), unix())
                    died = getattr(sys, 'last_value', None)
                    self.say(t='exit', unixNs=str(unix()), **({} if died is None else {'exception': [type(died).__name__, str(died)]}))
            except Exception:
                self.off = True
`;

const session = String.raw`
    # A session of the framework's profiler. The program's own, if it starts one, ends ours first.
    class Session:
        most = 20

        def gate(self, holder, name):
            self.holder, self.lock, lock = holder, name, getattr(holder, name)

            class Gate:
                def __enter__(gate):
                    recorder.close()
                    return lock.__enter__()

                def __exit__(gate, *error):
                    return lock.__exit__(*error)

            self.original = lock
            setattr(holder, name, Gate())
            self.timer = threading.Timer(10, recorder.close)
            self.timer.daemon = True
            self.timer.start()

        def open_gate(self):
            self.timer.cancel()
            setattr(self.holder, self.lock, self.original)

        def devices(self):
            return []
`;

/** One for each framework; only those go in whose calls are marked. */
const sessions: Readonly<Record<string, string>> = {
  tensorflow: String.raw`
    class TensorFlow(Session):
        name, also = 'tensorflow', 'keras'

        def __init__(self, module, path):
            from tensorflow.python.profiler import profiler_v2, trace
            self.module, self.profiler, self.trace = module, profiler_v2, trace.Trace
            free = profiler_v2._profiler is None
            try:
                profiler_v2.start(path)
            except Exception:
                if free:
                    profiler_v2._profiler = None
                raise
            self.gate(profiler_v2, '_profiler_lock')

        def span(self, site, step):
            span = self.trace('predict', step_num=step, _r=1, ps_site=site, ps_slot=step, unix_ns=unix(), tid=native())
            span.__enter__()
            return span

        def stop(self):
            self.open_gate()
            self.profiler.stop()

        def devices(self):
            return [{'name': d.name, 'type': d.device_type} for d in self.module.config.list_logical_devices()]
`,
  jax: String.raw`
    class Jax(Session):
        name, also = 'jax', 'keras'

        def __init__(self, module, path):
            self.module, self.profiler = module, module.profiler
            options = getattr(module.profiler, 'ProfileOptions', None)
            if options is None:
                module.profiler.start_trace(path)
            else:
                options = options()
                options.python_tracer_level = 0
                module.profiler.start_trace(path, profiler_options=options)
            from jax._src import profiler
            self.gate(profiler._profile_state, 'lock')

        def span(self, site, step):
            span = self.profiler.StepTraceAnnotation('predict', step_num=step, ps_site=site, ps_slot=step, unix_ns=unix(), tid=native())
            span.__enter__()
            return span

        def stop(self):
            self.open_gate()
            self.profiler.stop_trace()

        def devices(self):
            return [{'name': str(d), 'type': d.platform.upper()} for d in self.module.devices()]
`,
  torch: String.raw`
    # PyTorch records one thread, and only that thread can end it: a session a call, so that none stays open.
    class Torch(Session):
        name, also = 'torch', 'keras'
        most = 10
        busy = False

        def __init__(self, module, path):
            self.module, self.path = module, path
            module.profiler.profile

        def span(self, site, step):
            if self.busy:
                return None
            profiler = self.module.autograd.profiler
            if self.module.autograd._profiler_enabled() or getattr(profiler, '_is_profiler_enabled', False):
                raise RuntimeError('the program runs a profiler session of its own')
            return TorchSpan(self, step)

        def stop(self):
            pass

        def devices(self):
            cuda = self.module.cuda
            gpus = range(cuda.device_count() if cuda.is_initialized() else 0)
            return [{'name': 'CPU', 'type': 'CPU'}] + [{'name': cuda.get_device_name(i), 'type': 'GPU'} for i in gpus]

    class TorchSpan:
        def __init__(self, session, step):
            self.owner, self.path = session, os.path.join(session.path, 'predict-%d.pt.trace.json' % step)
            self.session = session.module.profiler.profile()
            self.session.__enter__()
            self.named = session.module.profiler.record_function('predict')
            self.named.__enter__()
            session.busy = True

        def __exit__(self, *error):
            self.named.__exit__(*error)
            self.session.__exit__(*error)
            self.session.export_chrome_trace(self.path)
            self.owner.busy = False
`,
};

const calls = String.raw`
    # Held by the expression that makes the call. Dropped without End, it closes the call as raised.
    class Token:
        __slots__ = 'site', 'begin', 'span'

        def __del__(self):
            try:
                if self.site is not None:
                    close(self, 1)
            except Exception:
                pass

    def close(token, flags):
        now = perf()
        site, token.site = token.site, None
        try:
            if site is None or getpid() != recorder.pid:
                return
            span = token.span
            if span is not None:
                flags |= 2
            elif recorder.seen and recorder.seen <= 5:
                flags |= 8
            write(recorder.calls, pack(token.begin, now, native(), 0, site, 0, 0, flags, 0, 1))
            if span is not None:
                recorder.leave(span, now)
        except Exception:
            recorder.off = True

    # Left in the program's globals: TensorFlow is not to rewrite it, and a copy in another process does nothing.
    class Mark:
        autograph_info__ = {}

        def __reduce__(self):
            return eval, ('lambda *all: all[-1]',)

    class Begin(Mark):
        def __init__(self, numbers):
            self.numbers = numbers

        def __call__(self, number):
            if recorder.off or compiling():
                return None
            try:
                if getpid() != recorder.pid:
                    recorder.open()
                recorder.left -= 1
                if recorder.left < 0:
                    raise OverflowError('128 MB of records')
                site = self.numbers[number]
                span = recorder.enter(site) if recorder.tracing else None
                token = Token()
                token.site, token.span, token.begin = site, span, perf()
                return token
            except Exception as error:
                recorder.stop(error)

    class End(Mark):
        def __call__(self, token, value):
            if token is not None:
                close(token, 0)
            return value

    compiling = getattr(getattr(sys.modules.get('torch'), 'compiler', None), 'is_compiling', bool)
    recorder = Recorder()
    return recorder
`;

const ending = `
try:
    import os
    if 'PREDICTSCOPE_RUN' in os.environ:
        raise ImportError('Profile predict times these calls by itself')
    recorder = getattr(sys, '_predictscope_1', None)
    if recorder is None:
        recorder = sys._predictscope_1 = make()
    calls = recorder.add(module, FILE, {site[0]: site[1:] for site in SITES})
except Exception:
    calls = [lambda *all: all[-1]] * 2
`;

/** What the program knows of a site: the number in the source, then what config.json wants. */
export type SiteRow = [
  number: number,
  id: string,
  callee: string,
  framework: string,
  qualname: string,
  ordinal: number,
  line: number,
  column: number,
  furtherLines: number,
  utf8Column: number,
  endUtf8Column: number,
];

export interface ProgramData {
  logDirectory: string;
  file: string;
  sites: SiteRow[];
}

export function siteRow(number: number, site: Site): SiteRow {
  const { qualname, ordinal, utf8Column, endUtf8Column } = site.runtime;
  return [
    number,
    site.id,
    site.callee.length > 80 ? `${site.callee.slice(0, 79)}…` : site.callee,
    site.framework,
    qualname,
    ordinal,
    site.line,
    site.column,
    site.endLine - site.line,
    utf8Column,
    endUtf8Column,
  ];
}

const classNames: Readonly<Record<string, string>> = { tensorflow: 'TensorFlow', jax: 'Jax', torch: 'Torch' };

/** Keras runs on any of them. */
function traces(framework: string, session: string): boolean {
  return framework === session || framework === 'keras';
}

/** The whole program, readable. */
export function programText({ logDirectory, file, sites }: ProgramData): string {
  const data = [logDirectory, file, sites].map(pythonLiteral).join(', ');
  const chosen = Object.keys(sessions).filter((name) => sites.some((site) => traces(site[3], name)));
  const parts = chosen.length > 0 ? [session, ...chosen.map((name) => sessions[name]!)] : [];
  const classes = chosen.map((name) => `${classNames[name]!}, `).join('');
  const list = `\n    sessions = (${classes.trimEnd()})\n`;
  return [
    `${heading}\nLOG, FILE, SITES = ${data}\nimport sys\n`,
    ...[recorder, ...parts, list, calls, ending],
  ].join('');
}

/**
 * The statement of the marked line, without the mark. It assigns the two names in sight of editors and linters,
 * which would call them undefined otherwise.
 */
export function programStatement(data: ProgramData): string {
  const program = pythonString(pack(programText(data)));
  return `${begin}, ${end} = (lambda into: exec(${program}, into) or into["calls"])({"module": globals()})`;
}

/** Comments (but the heading) and blank lines go, and one blank is indentation enough. */
function pack(program: string): string {
  const lines = program.split('\n').filter((line, index) => index === 0 || !/^\s*(#|$)/.test(line));
  return lines
    .map((line) => line.replace(/^(?: {4})+/, (blanks) => ' '.repeat(blanks.length / 4)))
    .join('\n');
}

/** True for the content of a string (without quotes, as written) that holds the program. */
export function isProgram(content: string): boolean {
  return content.startsWith(pythonString(heading).slice(1, -1));
}

/** What an earlier insertion wrote; undefined when somebody changed it. */
export function readProgram(content: string): ProgramData | undefined {
  const line = /^LOG, FILE, SITES = (.*)$/m.exec(unescapePython(content))?.[1];
  if (line === undefined) return undefined;
  try {
    const json = line.replace(/\\U([0-9a-fA-F]{8})/g, (_, code: string) =>
      JSON.stringify(String.fromCodePoint(parseInt(code, 16))).slice(1, -1),
    );
    const [logDirectory, file, sites] = JSON.parse(`[${json}]`) as unknown[];
    if (typeof logDirectory !== 'string' || typeof file !== 'string' || !isRows(sites)) return undefined;
    return { logDirectory, file, sites };
  } catch {
    return undefined;
  }
}

function isRows(value: unknown): value is SiteRow[] {
  return Array.isArray(value) && value.every((row) => Array.isArray(row) && Number.isInteger(row[0]));
}
