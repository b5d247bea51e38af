"""Makes a PyTorch that was built for CUDA load where its CUDA libraries are not installed (1 to 3 GB of them).

    python cuda_stubs.py SITE_PACKAGES/torch/lib

puts one library beside PyTorch's with every function that is missing (each returns 100: no such device), and an
empty one under the name of each library that is missing, which leads to the first. Needs gcc and binutils.
"""

import os
import re
import subprocess
import sys

_CUDA = re.compile(
    r"^(cublas|cudnn|cufft|curand|cusolver|cusparse|nccl|cuda|nvtx|nvrtc|cupti|__cuda|nvJitLink)|^cu[A-Z]"
)
# glibc ends the process when a function that asks for a version is found in the very library that it names and
# that library tells none. So they all lie in one of another name.
_FUNCTIONS = "libcudastubs.so"


def _read(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout


def missing(folder):
    """(functions, libraries) that the libraries in the folder need and do not find."""
    needed, asked, defined, present = set(), set(), set(), set(os.listdir(folder))
    for name in sorted(present):
        path = os.path.join(folder, name)
        if ".so" not in name or not os.path.isfile(path):
            continue
        needed |= set(re.findall(r"NEEDED.*\[(.*?)\]", _read("readelf", "-d", path)))
        for line in _read("nm", "-D", path).splitlines():
            kind, symbol = line.split()[-2:]
            if kind == "U":
                asked.add(symbol.split("@")[0])
            elif kind not in "wv":
                defined.add(symbol.split("@")[0])
    system = _read("/sbin/ldconfig", "-p")
    libraries = sorted(name for name in needed if name not in present and name not in system)
    return sorted(symbol for symbol in asked - defined if _CUDA.match(symbol)), libraries


def build(folder, name, source, *options):
    """Compiles a library that looks for others beside itself."""
    path = os.path.join(folder, name)
    command = ["gcc", "-shared", "-fPIC", "-w", "-fno-builtin", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN"]
    command += ["-Wl,-soname," + name, "-o", path, "-x", "c", "-", "-x", "none"]
    subprocess.run([*command, *options], input=source.encode(), check=True)


def main(folder):
    functions, libraries = missing(folder)
    texts = ("cudaGetErrorString", "cudaGetErrorName")
    source = "".join('const char* %s(int e) { return "stub"; }\n' % name for name in texts if name in functions)
    source += "".join("int %s() { return 100; }\n" % name for name in functions if name not in texts)
    build(folder, _FUNCTIONS, source)
    for name in libraries:
        build(folder, name, "int %s_is_a_stub;\n" % re.sub(r"\W", "_", name), "-L" + folder, "-l:" + _FUNCTIONS)


if __name__ == "__main__":
    main(sys.argv[1])
