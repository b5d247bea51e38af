"""CPU time of the sample program with and without the recorder, by interleaved pairs, and the parts alone.

usage: overhead.py [PAIRS]      CPU time is user + system of the process and its children (getrusage).
The trace windows are off (--calls 0): what they cost is theirs by choice and is measured apart.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "media" / "python"
SAMPLE = ROOT / "test" / "workspace"
VARIANTS = 4


def cpu_seconds(command, env, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environments(folder, config):
    """(plain, recorded): environments of the two halves of a pair."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PREDICTSCOPE", "PYTHONPATH"))}
    run = Path(tempfile.mkdtemp(dir=folder))
    (run / "config.json").write_text(json.dumps(config))
    return plain, dict(plain, PYTHONPATH=str(RUNTIME), PREDICTSCOPE_RUN=str(run))


def interval(values, level=0.95, rounds=10000):
    """Bootstrap interval of the median; fixed seed."""
    draw = random.Random(7)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(rounds))
    tail = (1 - level) / 2
    return medians[int(tail * rounds)], medians[int((1 - tail) * rounds) - 1]


def pairs(count, command, cwd, folder, config):
    ratios, plain_seconds = [], []
    for i in range(count):
        plain, recorded = environments(folder, config)
        order = [("plain", plain), ("recorded", recorded)]
        if i % 2:
            order.reverse()
        seconds = {name: cpu_seconds(command, env, cwd) for name, env in order}
        ratios.append(seconds["recorded"] / seconds["plain"])
        plain_seconds.append(seconds["plain"])
    return ratios, plain_seconds


def show(name, ratios, plain):
    low, high = interval(ratios)
    print(
        "%-34s median ratio %.4f  (95 %% interval %.4f to %.4f, %d pairs; plain %.3f s of CPU)"
        % (name, statistics.median(ratios), low, high, len(ratios), statistics.median(plain)),
        flush=True,
    )


PER_CALL = """
import sys, time
sys.path.insert(0, %r)
class M:
    def predict(self, x): return x
m = M()
x = 1
def f(n):
    p = time.perf_counter_ns
    t = p()
    for _ in range(n): m.predict(x)
    return (p() - t) / n
f(1000)
print(min(f(20000) for _ in range(9)))
"""


def per_call(folder):
    """ns a recorded call costs over a bare one; minimum of 9 rounds of 20,000 calls."""
    main = Path(folder) / "percall.py"
    main.write_text(PER_CALL % str(folder))
    import ast
    import hashlib

    source = main.read_bytes()
    node = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and ast.unparse(n) == "m.predict(x)")
    site = dict(
        index=0, id="0", line=node.lineno, utf8Column=node.col_offset, endLine=node.end_lineno,
        endUtf8Column=node.end_col_offset, qualname="f", callee="m.predict", ordinal=0,
    )  # fmt: skip
    config = dict(
        files=[dict(file=str(main), sha256=hashlib.sha256(source).hexdigest(), module="percall", sites=[site])],
        options=dict(tracedCalls=0),
    )
    plain, recorded = environments(folder, config)
    values = [
        float(subprocess.run([sys.executable, str(main)], env=env, capture_output=True, text=True, check=True).stdout)
        for env in (plain, recorded)
    ]
    return values[1] - values[0]


def sample_config():
    """The sites of the sample, as the command line finds them."""
    out = subprocess.run(
        ["node", str(ROOT / "dist" / "cli.js"), "profile", "--calls", "0", "--root", str(SAMPLE / "splicescore"),
         "--log-dir", tempfile.mkdtemp(), "--", sys.executable, "-c", "import os; print(os.environ['PREDICTSCOPE_RUN'])"],
        capture_output=True, text=True, check=True, cwd=SAMPLE,
    )  # fmt: skip
    return json.loads((Path(out.stdout.strip()) / "config.json").read_text())


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    folder = tempfile.mkdtemp(prefix="predictscope-bench-")
    try:
        config = sample_config()
        lines = (SAMPLE / "data" / "variants.vcf").read_text().splitlines(True)
        head = [line for line in lines if line.startswith("#")]
        few = Path(folder) / "few.vcf"
        few.write_text("".join(head + [line for line in lines if not line.startswith("#")][:VARIANTS]))
        command = [
            sys.executable,
            "-m",
            "splicescore",
            "-I",
            str(few),
            "-R",
            "data/genome.fa",
            "-O",
            folder + "/out.vcf",
        ]
        print("load before: %s" % Path("/proc/loadavg").read_text().split()[0])
        call_ns = per_call(folder)
        print("a recorded call                    %.0f ns over a bare one (minimum of 9 rounds)" % call_ns)
        start, start_plain = pairs(count, [sys.executable, "-c", "pass"], SAMPLE, folder, config)
        show("python -c pass", start, start_plain)
        ratios, plain = pairs(count, command, SAMPLE, folder, config)
        show("sample, traces off", ratios, plain)
        cost = statistics.median(start_plain) * (statistics.median(start) - 1)
        calls = VARIANTS * 10
        share = (cost + calls * call_ns * 1e-9) / statistics.median(plain)
        print(
            "sum of parts                       start-up %.1f ms + %d calls x %.0f ns = %.2f %% of the sample's CPU time"
            % (cost * 1e3, calls, call_ns, share * 100)
        )
        same, same_plain = [], []
        for _ in range(max(4, count // 4)):
            bare = environments(folder, config)[0]
            a, b = cpu_seconds(command, bare, SAMPLE), cpu_seconds(command, bare, SAMPLE)
            same.append(b / a)
            same_plain.append(a)
        show("noise: plain against plain", same, same_plain)
        print("load after: %s" % Path("/proc/loadavg").read_text().split()[0])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
