"""What profiling costs three programs: ours with its defaults, beside Scalene, VizTracer, pyinstrument, py-spy and
cProfile, in one run.

usage: peers.py [ROUNDS [PART]]   with PART only the profilers whose name contains it. Each round runs every variant of a program once, in an order of its own; the ratio is to
the plain run of the same round. CPU: user + system of the process and its children (getrusage), from start to end,
so that what a profiler does at start and exit counts; a profiler outside of the process (py-spy) is its parent.
"""

import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

PROGRAMS = {
    "Keras predict loop": """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy
net = keras.Sequential([keras.Input((400, 4)), *[keras.layers.Conv1D(24, 11, padding="same") for _ in range(4)]])
x = numpy.ones((1, 400, 4), "float32")
def main():
    for _ in range(120):
        net.predict(x, verbose=0)  # site
main()
""",
    "torch loop of small models": """
import torch
torch.set_num_threads(1)
def net():
    layers = [torch.nn.Linear(256, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256), torch.nn.ReLU(), torch.nn.Linear(256, 8)]
    return torch.nn.Sequential(*layers).eval()
nets = [net() for _ in range(5)]
def main():
    x = torch.ones(16, 256)
    with torch.no_grad():
        for _ in range(10000):
            for net in nets:
                net(x)  # site
main()
""",
    "torch, LeNet-5 on one picture": """
import torch
from torch.nn import AvgPool2d, Conv2d, Flatten, Linear, Sequential, Tanh
torch.set_num_threads(1)
net = Sequential(
    Conv2d(1, 6, 5, padding=2), Tanh(), AvgPool2d(2), Conv2d(6, 16, 5), Tanh(), AvgPool2d(2), Conv2d(16, 120, 5), Tanh(),
    Flatten(), Linear(120, 84), Tanh(), Linear(84, 10),
).eval()
def main():
    x = torch.ones(1, 1, 28, 28)
    with torch.no_grad():
        for _ in range(30000):
            net(x)  # site
main()
""",
    "torch, calls of 15 us (two layers, one row)": """
import torch
torch.set_num_threads(1)
net = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8)).eval()
def main():
    x = torch.ones(1, 64)
    with torch.no_grad():
        for _ in range(150000):
            net(x)  # site
main()
""",
    "Python-heavy loop": """
class Model:
    def predict(self, x):
        return sum(x)
def encode(text):
    return [{"A": 1, "C": 2, "G": 3, "T": 4}.get(c, 0) for c in text]
def main():
    model = Model()
    for i in range(90000):
        x = encode("ACGTN" * 60)
        model.predict(x)  # site
main()
""",
}


def variants(main, out):
    """{name: (command, further environment)}: the same program under each profiler, at its defaults."""
    python = [sys.executable, str(main)]
    return {
        "plain": (python, None),
        "Predictscope": (python, config(main, out)),
        "Predictscope, no traces": (python, config(main, out, "--calls", "0")),
        "py-spy": ([str(BIN / "py-spy"), "record", "-o", out + "/spy.svg", "--", *python], None),
        "pyinstrument": ([str(BIN / "pyinstrument"), "-o", out + "/pyi.txt", str(main)], None),
        "cProfile": ([sys.executable, "-m", "cProfile", "-o", out + "/c.prof", str(main)], None),
        "Scalene": ([str(BIN / "scalene"), "run", "--cpu-only", "--outfile", out + "/scalene.json", str(main)], None),
        "VizTracer": ([str(BIN / "viztracer"), "-o", out + "/viz.json", str(main)], None),
    }


def config(main, out, *options):
    """What our command line gives to the process: config.json, made once by running it with another program. The
    command line itself sleeps while the program runs, and is not measured."""
    line = next(i for i, text in enumerate(main.read_text().splitlines(), 1) if "# site" in text)
    report = out + "/report.json"
    words = ["node", str(ROOT / "dist" / "cli.js"), "profile", "--site", "%s:%d" % (main, line), "--json", report]
    words += ["--log-dir", out + "/runs", *options, "--", "true"]
    subprocess.run(words, check=True, capture_output=True)
    return Path(json.loads(Path(report).read_text())["run"]["directory"], "config.json").read_text()


def environment(text):
    """A run directory of its own for each run."""
    if text is None:
        return dict(os.environ)
    run = tempfile.mkdtemp(prefix="predictscope-peers-run-")
    Path(run, "config.json").write_text(text)
    return dict(os.environ, PYTHONPATH=str(ROOT / "media" / "python"), PREDICTSCOPE_RUN=run)


def cpu_and_wall(variant, cwd):
    command, env = variant[0], environment(variant[1])
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "PREDICTSCOPE_RUN" in env:
        shutil.rmtree(env["PREDICTSCOPE_RUN"])
    if done.returncode != 0:
        raise RuntimeError("%s ended with %d: %s" % (command[0], done.returncode, done.stderr.decode()[-300:]))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def measure(name, text, rounds, order, part):
    folder = Path(tempfile.mkdtemp(prefix="predictscope-peers-"))
    try:
        main = folder / "main.py"
        main.write_text(text)
        commands = {k: v for k, v in variants(main, str(folder)).items() if k == "plain" or part in k}
        found = {variant: [] for variant in commands}
        failed = {}
        for _ in range(rounds):
            names = [v for v in commands if v not in failed]
            order.shuffle(names)
            seconds = {}
            for variant in names:
                try:
                    seconds[variant] = cpu_and_wall(commands[variant], folder)
                except RuntimeError as error:
                    failed[variant] = str(error)
            for variant, (cpu, wall) in seconds.items():
                plain = seconds["plain"]
                found[variant].append((cpu / plain[0], wall / plain[1], cpu, wall))
        print("\n%s" % name, flush=True)
        for variant, values in found.items():
            if variant in failed:
                print("  %-24s %s" % (variant, failed[variant]))
                continue
            cpu = sorted(v[0] for v in values)
            print(
                "  %-24s CPU x%.3f (%.3f to %.3f)   wall x%.3f   %.2f s of CPU"
                % (
                    variant,
                    statistics.median(cpu),
                    cpu[0],
                    cpu[-1],
                    statistics.median(v[1] for v in values),
                    statistics.median(v[2] for v in values),
                ),
                flush=True,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    order = random.Random(20261121)
    print("load before: %s" % Path("/proc/loadavg").read_text().split()[0])
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    for name, text in PROGRAMS.items():
        measure(name, text, rounds, order, part)
    print("\nload after: %s" % Path("/proc/loadavg").read_text().split()[0])


if __name__ == "__main__":
    main()
