"""Servers that the user stops, and programs on a terminal."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import CLI, RUNTIME

APP = """
import torch
net = torch.nn.Linear(4, 2).eval()

def predict(n):
    with torch.no_grad():
        return [float(net(torch.ones(1, 4)).sum()) for _ in range(n)]  # site
"""
FLASK = (
    "import flask, scorer\napp = flask.Flask(__name__)\n"
    "@app.route('/score/<int:n>')\ndef score(n):\n    return str(len(scorer.predict(n)))\n"
)
ASGI = (
    "import scorer\n"
    "async def app(scope, receive, send):\n"
    "    if scope['type'] != 'http':\n        return\n"
    "    n = int(scope['path'].rsplit('/', 1)[1])\n"
    "    body = str(len(scorer.predict(n))).encode()\n"
    "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
    "    await send({'type': 'http.response.body', 'body': body})\n"
)
BIN = os.path.dirname(sys.executable)
SERVERS = {
    "flask": (FLASK + "if __name__ == '__main__':\n    app.run(port=int(__import__('sys').argv[1]))\n", ["main.py"]),
    "flask run": (FLASK, ["-m", "flask", "--app", "main", "run", "--port"]),
    "gunicorn": (FLASK, [os.path.join(BIN, "gunicorn"), "-w", "2", "main:app", "-b"]),
    "gunicorn, threads": (FLASK, [os.path.join(BIN, "gunicorn"), "--threads", "4", "main:app", "-b"]),
    "uvicorn": (ASGI, ["-m", "uvicorn", "main:app", "--port"]),
    "uvicorn, workers": (ASGI, ["-m", "uvicorn", "main:app", "--workers", "2", "--port"]),
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(lab, words, end, report=None):
    """(exit code, answers, summary) of a server that gets requests and then a signal."""
    port = free_port()
    address = "127.0.0.1:%d" % port if words[-1] == "-b" else str(port)
    command = [*([] if os.path.isabs(words[0]) else [sys.executable]), *words, address]
    if report is not None:
        options = ["--json", str(report), "--log-dir", str(lab.folder.parent / "runs"), "--site", "scorer.py:7"]
        command = ["node", str(CLI), "profile", *options, "--calls", "2", "--", *command]
    env = lab.environment(PYTHONPATH=str(lab.folder))
    with open(lab.folder.parent / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=lab.folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        answers = [ask(server, port, n) for n in (0, 3, 1, 2, 4)]
        server.send_signal(end)
        code = server.wait(60)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
    return code, answers, json.loads(report.read_text()) if report is not None else None


def ask(server, port, n):
    for _ in range(300):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/score/%d" % (port, n), timeout=30) as answer:
                return answer.read()
        except OSError:
            assert server.poll() is None
            time.sleep(0.1)
    raise AssertionError("the server never answered")


ENDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
USUAL = [("flask", signal.SIGINT), ("flask run", signal.SIGTERM), ("gunicorn", signal.SIGTERM)]
USUAL += [("gunicorn, threads", signal.SIGINT), ("uvicorn", signal.SIGINT), ("uvicorn, workers", signal.SIGTERM)]


@pytest.mark.parametrize(
    "name, end",
    [
        pytest.param(name, end, id=name + ", " + ENDS[end], marks=() if (name, end) in USUAL else pytest.mark.full)
        for name in SERVERS
        for end in ENDS
    ],
)
def test_a_server_that_is_stopped_keeps_all_its_calls(lab, name, end):
    main, words = SERVERS[name]
    lab.write(APP, "scorer.py")
    lab.write(main)
    before = serve(lab, words, end)
    after = serve(lab, words, end, lab.folder.parent / "summary.json")
    assert after[:2] == before[:2], (lab.folder.parent / "log").read_text()
    assert after[1] == [b"0", b"3", b"1", b"2", b"4"]
    assert [site["calls"] for site in after[2]["sites"]] == [10]
    (group,) = after[2]["requests"]
    assert (group["name"], group["requests"], group["calls"]) == ("GET /score/*", 5, 10)
    assert 0 < group["callNs"] < group["totalNs"]


def test_calls_belong_to_their_request_among_others(lab):
    """Requests that overlap in one thread, each with awaited calls and calls in another thread of its own."""
    lab.write(
        "import asyncio\n"
        "class Model:\n    async def predict(self, n):\n        await asyncio.sleep(0.01 * n); return n\n"
        "    def slow(self, n):\n        return n\n"
        "model = Model()\n"
        "async def score(n):\n"
        "    await model.predict(n)  # site\n"
        "    await asyncio.to_thread(other, n)\n"
        "def other(n):\n"
        "    return [model.slow(n) for _ in range(n)]  # site\n",
        "scorer.py",
    )
    lab.write(
        "import asyncio, scorer, sys\n"
        "from uvicorn.protocols.http.h11_impl import RequestResponseCycle\n"
        "async def app(scope, receive, send):\n    await scorer.score(scope['n'])\n"
        "class Cycle(RequestResponseCycle):\n"
        "    def __init__(self, n):\n"
        "        self.scope = {'type': 'http', 'method': 'POST', 'path': '/n/%d' % n if n < 3 else '/more', 'n': n}\n"
        "        self.access_log = False\n"
        "        self.response_started = self.response_complete = True\n"
        "    async def receive(self): pass\n"
        "    async def send(self, message): pass\n"
        "async def main():\n"
        "    await asyncio.gather(*[Cycle(n).run_asgi(app) for n in (4, 3, 2, 1, 0)])\n"
        "scorer.other(1)\n"
        "asyncio.run(main())\n"
    )
    sites = ["scorer.py:9", "scorer.py:12"]
    after = lab.profiled(site=sites, options=("--calls", "0"))
    assert after.code == 0, after.text
    assert sum(s["calls"] for s in after.summary["sites"]) == 5 + 10 + 1
    groups = {g["name"]: (g["requests"], g["calls"]) for g in after.summary["requests"]}
    assert groups == {"POST /n/*": (3, 3 + 3), "POST /more": (2, 2 + 7)}
    assert "POST /more" in after.text and "in calls" in after.text


def test_the_web_frameworks_are_named_once_more_at_start():
    """start.py names them itself, so that a program that serves nothing does not load webrequests."""
    code = "from predictscope import start, webrequests; print(sorted(start._WEB) == sorted(webrequests.ENTRIES))"
    done = subprocess.run([sys.executable, "-c", code], cwd=RUNTIME, capture_output=True)
    assert (done.stdout, done.stderr) == (b"True\n", b"")


def test_a_program_on_a_terminal_keeps_its_terminal(lab):
    lab.write(
        "import sys\nclass M:\n    def predict(self, x): return x * 2\nm = M()\n"
        "print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())\n"
        "while True:\n    try:\n        line = input('> ')\n    except EOFError:\n        break\n"
        "    print(m.predict(line))\n"
    )
    report = lab.folder.parent / "summary.json"
    words = ["node", str(CLI), "profile", "--json", str(report), "--site", "main.py:11"]
    words += ["--log-dir", str(lab.folder.parent / "runs"), "--", sys.executable, "main.py"]
    here, there = pty.openpty()
    program = subprocess.Popen(
        words, cwd=lab.folder, env=lab.environment(), stdin=there, stdout=there, stderr=there, start_new_session=True
    )
    os.close(there)
    seen = b""
    for typed in (b"ab\n", b"cd\n", b"\x04"):
        seen += until(here, b"> ")
        os.write(here, typed)
    seen += until(here, None)
    assert program.wait(60) == 0
    os.close(here)
    text = seen.decode().replace("\r\n", "\n")
    assert "True True True\n> ab\nabab\n> cd\ncdcd\n> " in text, text
    assert json.loads(report.read_text())["sites"][0]["calls"] == 2


def until(fd, mark):
    """What the terminal shows up to the prompt, or to its end."""
    seen = b""
    while mark is None or mark not in seen:
        try:
            part = os.read(fd, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    return seen
