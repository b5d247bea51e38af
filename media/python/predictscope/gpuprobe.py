"""Run by the host in a process of its own: which of TensorFlow's GPU libraries do not load, and why.

usage: gpuprobe.py CUDA_VERSION CUDNN_VERSION   ->   JSON list of {library, error}
Names: tensorflow/compiler/xla/tsl/platform/default/dso_loader.cc.
"""

import ctypes
import glob
import json
import os
import sys


def candidates(cuda, cudnn):
    """Names of the shared libraries, most telling first."""
    major = cuda.split(".")[0]
    runtime = cuda if major == "10" else major + (".0" if major == "11" else "")
    cufft = {"12": "11", "11": "10"}.get(major, major)
    names = ["libcuda.so.1", "libcudart.so." + runtime, "libcublas.so." + major, "libcublasLt.so." + major]
    names += ["libcufft.so." + cufft, "libcusolver.so.11", "libcusparse.so." + ("12" if major == "12" else "11")]
    names.append("libcudnn.so." + cudnn.split(".")[0])
    return [name for name in names if not name.endswith(".so.")]


def try_load(name):
    """The loader's error text, or None. Libraries that came as Python packages count as found."""
    packaged = [p for folder in sys.path for p in glob.glob(os.path.join(folder, "nvidia", "*", "lib", name))]
    reason = None
    for candidate in [name, *packaged]:
        try:
            ctypes.CDLL(candidate)
            return None
        except OSError as error:
            reason = reason or str(error)
    return reason


def main():
    failed = []
    for name in candidates(*(sys.argv[1:3] + ["", ""])[:2]):
        error = try_load(name)
        if error is not None:
            failed.append({"library": name, "error": error})
    json.dump(failed, sys.stdout)


if __name__ == "__main__":
    main()
