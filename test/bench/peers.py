"""What profiling costs three programs: ours with its defaults, beside Scalene, VizTracer, pyinstrument, py-spy and
cProfile, in one run.

usage: peers.py [ROUNDS [PEER_ROUNDS [PART]]] [--stress]      PART: only programs with this in their name
Each round runs every variant of a program once, in an order of its own; the ratio is to the plain run of the same
round. Peers run in the first PEER_ROUNDS rounds, ours in all. CPU: user + system of the process and its children
(getrusage), from start to end, so that what a profiler does at start and exit counts; a profiler outside of the process (py-spy) is its parent.
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

from overhead import interval

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
OURS = ("plain", "Predictscope", "Predictscope, no traces")

# The three programs that the cost is promised for, each a quarter of a minute on two slow cores: what a process pays once
# (0.1 to 0.3 s for start, trace windows and function profile) is then the share that it has in a short job.
PROGRAMS = {
    "Keras predict loop": """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy
net = keras.Sequential([keras.Input((400, 4)), *[keras.layers.Conv1D(24, 11, padding="same") for _ in range(4)]])
x = numpy.ones((1, 400, 4), "float32")
def main():
    for _ in range(250):
        net.predict(x, verbose=0)  # site
main()
""",
    "torch loop of small models": """
import torch
from torch import nn
torch.set_num_threads(1)
class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.head = nn.GRU(24, 64, batch_first=True), nn.Linear(64, 5)
    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])
class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.a, self.b = nn.Conv2d(i, o, 3, o // i, 1, bias=False), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.na, self.nb, self.down = nn.BatchNorm2d(o), nn.BatchNorm2d(o), nn.Conv2d(i, o, 1, o // i) if i != o else nn.Identity()
    def forward(self, x):
        return torch.relu(self.nb(self.b(torch.relu(self.na(self.a(x))))) + self.down(x))
lenet = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
    nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
)
resnet = nn.Sequential(
    nn.Conv2d(3, 16, 3, 1, 1), *[Block(i, o) for i, o in ((16, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64))],
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
)
splice = nn.Sequential(*[m for i in range(8) for m in (nn.Conv1d(32 if i else 4, 32, 11, padding=5), nn.ReLU())], nn.Conv1d(32, 3, 1))
coder = nn.TransformerEncoder(nn.TransformerEncoderLayer(128, 4, 256, batch_first=True), 4, enable_nested_tensor=False)
nets = [
    (lenet, torch.ones(1, 1, 28, 28)), (Recurrent(), torch.ones(1, 100, 24)), (splice, torch.ones(1, 4, 1000)),
    (coder, torch.ones(1, 64, 128)), (resnet, torch.ones(1, 3, 32, 32)),
]
for net, _ in nets:
    net.eval()
def main():
    with torch.no_grad():
        for _ in range(3000):
            for net, x in nets:
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
    for i in range(30000):
        x = encode("ACGTN" * 1000)
        model.predict(x)  # site
main()
""",
}

# Calls so short that a record of each shows: to see how far the promise reaches. Ours only (`--stress`).
STRESS = {
    "torch, calls of 100 us (five layers, 16 rows)": """
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
    "Python, a call every 41 us": """
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


def measure(name, text, rounds, peer_rounds, order):
    """Prints CPU and wall ratios. Peers run in the first `peer_rounds` rounds only: ours is what has to be exact."""
    folder = Path(tempfile.mkdtemp(prefix="predictscope-peers-"))
    try:
        main = folder / "main.py"
        main.write_text(text)
        commands = variants(main, str(folder))
        found = {variant: [] for variant in commands}
        failed = {}
        for number in range(rounds):
            names = [v for v in commands if v not in failed and (number < peer_rounds or v in OURS)]
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
            elif values:
                show(variant, values)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(variant, values):
    cpu = [v[0] for v in values]
    low, high = interval(cpu)
    print(
        "  %-24s CPU x%.3f (95 %% interval of the median %.3f to %.3f, %d rounds)   wall x%.3f   %.2f s of CPU"
        % (
            variant,
            statistics.median(cpu),
            low,
            high,
            len(cpu),
            statistics.median(v[1] for v in values),
            statistics.median(v[2] for v in values),
        ),
        flush=True,
    )


def main():
    words = [word for word in sys.argv[1:] if word != "--stress"]
    stress = len(words) < len(sys.argv) - 1
    rounds = int(words[0]) if words else 10
    peer_rounds = 0 if stress else int(words[1]) if len(words) > 1 else 2
    part = words[2] if len(words) > 2 else ""
    order = random.Random(20261121)
    print("load before: %s" % Path("/proc/loadavg").read_text().split()[0])
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    for name, text in (STRESS if stress else PROGRAMS).items():
        if part in name:
            measure(name, text, rounds, peer_rounds, order)
    print("\nload after: %s" % Path("/proc/loadavg").read_text().split()[0])


if __name__ == "__main__":
    main()
