"""What the host asks of a container's own Python: `python -I -S -c TEXT ACTION …`. Nothing is installed.

Answers are JSON or a tar stream on standard output. Python 3.7 syntax, standard library only.
"""

import json
import os
import sys


def find(word, cwd):
    """The file that a shell would start for a word."""
    names = [os.path.join(cwd, word)] if "/" in word else [
        os.path.join(folder, word) for folder in os.environ.get("PATH", os.defpath).split(":") if folder
    ]  # fmt: skip
    found = [name for name in names if os.path.isfile(name) and os.access(name, os.X_OK)]
    answer(os.path.normpath(found[0]) if found else None)


def script(path):
    """A script's text, and where its links lead."""
    try:
        with open(path, "rb") as file:
            text = file.read(1 << 20) if file.read(2) == b"#!" else None
    except OSError:
        text = None
    answer(None if text is None else {"text": "#!" + text.decode("utf-8", "replace"), "real": os.path.realpath(path)})


def facts():
    """What a run needs to know of this place."""
    temporary = next((f for f in (os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm") if f and writable(f)), None)
    answer(
        {
            "executable": sys.executable,
            "version": list(sys.version_info[:3]),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "cwd": os.getcwd(),
            "temporary": temporary,
            "environment": dict(os.environ),
            "given": given(),
        }
    )


def given():
    """Variables that only the container's first process has: what gives the GPU (a hook, CDI) adds them there, and
    whoever starts another process is not told."""
    try:
        with open("/proc/1/environ", "rb") as file:
            pairs = [entry.partition(b"=") for entry in file.read().split(b"\0") if b"=" in entry]
    except OSError:
        return {}
    found = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
    return {name: value for name, value in found.items() if name not in os.environ}


def writable(folder):
    """Whether a file can be made there: a read-only file system lets os.access say yes."""
    name = os.path.join(folder, ".predictscope-%d" % os.getpid())
    try:
        os.mkdir(name)
        os.rmdir(name)
        return True
    except OSError:
        return False


def owner(path):
    """Makes an empty file, so that the host can see whose it is; says whether that worked."""
    try:
        with open(path, "x"):
            answer(True)
    except OSError as error:
        answer(str(error))


def real(path):
    answer(os.path.realpath(path) if os.path.exists(path) else None)


def touch(path):
    """Makes a file, or changes its time."""
    with open(path, "a"):
        os.utime(path)
    answer(True)


def unpack(folder):
    """Standard input, a tar stream, into a folder that is made."""
    import tarfile

    os.makedirs(folder, 0o755, True)
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        archive.extractall(folder)


def pack(path, *endings):
    """A folder or file as a tar stream; of a folder only the names with these endings, where some are given."""
    import tarfile

    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", dereference=True) as archive:
        # A file may grow or vanish meanwhile: what is whole is sent.
        if not os.path.isdir(path):
            add(archive, path, os.path.basename(path))
            return
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if f not in ("__pycache__", ".git"))
            for name in sorted(names):
                whole = os.path.join(folder, name)
                if (not endings or name.endswith(endings)) and os.path.isfile(whole):
                    add(archive, whole, os.path.relpath(whole, path))


def add(archive, path, name):
    import io

    try:
        with open(path, "rb") as file:
            data = file.read()
            entry = archive.gettarinfo(path, name, file)
    except OSError:
        return
    entry.size = len(data)
    entry.mode |= 0o444
    archive.addfile(entry, io.BytesIO(data))


def run(pid_file, *command):
    """Becomes the command, once its process number is written down."""
    with open(pid_file, "w") as file:
        file.write(str(os.getpid()))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write("%s: %s\n" % (command[0], error.strerror))
        os._exit(126 if isinstance(error, PermissionError) else 127)


def kill(pid_file, number):
    """Sends a signal to the program; says whether it was there."""
    try:
        with open(pid_file) as file:
            os.kill(int(file.read()), int(number))
        answer(True)
    except (OSError, ValueError):
        answer(False)


def sweep(run_directory):
    """Ends whatever of the run is still alive; their number."""
    mark = b"PREDICTSCOPE_RUN=" + os.fsencode(run_directory)
    ended = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open("/proc/%s/environ" % name, "rb") as file:
                if mark in file.read().split(b"\0"):
                    os.kill(int(name), 9)
                    ended += 1
        except OSError:
            pass
    answer(ended)


def remove(folder):
    import shutil

    if os.path.basename(folder).startswith("predictscope-"):
        shutil.rmtree(folder, ignore_errors=True)
    answer(True)


def answer(value):
    sys.stdout.write(json.dumps(value))
    sys.stdout.flush()


ACTIONS = {
    "find": find, "script": script, "facts": facts, "owner": owner, "real": real, "touch": touch, "unpack": unpack, "pack": pack,
    "run": run, "kill": kill, "sweep": sweep, "remove": remove,
}  # fmt: skip

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])
