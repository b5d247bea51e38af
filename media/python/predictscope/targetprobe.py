"""Run by the host where a program will run: what is there for it, as one JSON object on standard output.

usage: targetprobe.py [--framework torch|tensorflow|jax|onnxruntime] [--limit SECONDS]

Imports no framework but the one that is asked for, and that one in a process of its own; so are libraries
loaded and device nodes opened. No tool gets longer than the limit (20 s), an import four times as long, and
what has not answered by then is left out and named under "unanswered". May be read from standard input:
nothing needs to be copied to where it runs.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

FORMAT = "predictscope.targetprobe/1"

# Variables that decide about GPUs. No others are told: some hold secrets.
VARIABLES = (
    "CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER CUDA_CACHE_PATH CUDA_CACHE_DISABLE CUDA_CACHE_MAXSIZE CUDA_VERSION"
    " NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES NV_CUDNN_VERSION HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES"
    " HSA_OVERRIDE_GFX_VERSION LD_LIBRARY_PATH TF_XLA_FLAGS TF_FORCE_GPU_ALLOW_GROWTH XLA_FLAGS JAX_PLATFORMS"
    " OMP_NUM_THREADS"
)

PACKAGES = (
    "tensorflow tensorflow-gpu tensorflow-cpu tensorflow-rocm tf-nightly intel-tensorflow keras torch jax jaxlib"
    " jax-cuda12-plugin jax-cuda13-plugin jax-rocm60-plugin onnxruntime onnxruntime-gpu onnxruntime-rocm openvino"
    " tensorrt transformers numpy protobuf xprof tensorboard-plugin-profile nvidia-cuda-runtime"
    " nvidia-cuda-runtime-cu11 nvidia-cuda-runtime-cu12 nvidia-cudnn-cu11 nvidia-cudnn-cu12 nvidia-cudnn-cu13"
    " nvidia-cuda-cupti nvidia-cuda-cupti-cu11 nvidia-cuda-cupti-cu12"
)

FIELDS = "name driver_version compute_cap memory.total power.limit clocks_throttle_reasons.active"

NODES = "nvidia[0-9]* nvidiactl nvidia-uvm kfd dxg dri/renderD*"

# Opens each node as a framework would, and says which could not be opened and why.
OPEN_NODES = """
import os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0)))
        print(path, "", sep="\\t", flush=True)
    except OSError as error:
        print(path, error.strerror, sep="\\t", flush=True)
"""

LOAD = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
        print(name, "", sep="\\t", flush=True)
    except OSError as error:
        print(name, str(error).replace("\\n", " "), sep="\\t", flush=True)
"""

# What each framework says of itself. Standard output is kept for the answer: some print while they load.
TELL = """
import json, os, sys
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
def tell(**facts):
    json.dump(facts, answer)
    answer.close()
    sys.stderr.flush()
    os._exit(0)  # some do not come to an end by themselves
"""

FRAMEWORKS = {
    "torch": """
import torch
error = None
devices = []
try:
    torch.cuda.init()
    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        devices.append({"type": "GPU", "name": facts.name, "computeCapability": "%d.%d" % (facts.major, facts.minor),
                        "architecture": getattr(facts, "gcnArchName", "").split(":")[0] or None,
                        "memoryBytes": facts.total_memory})
except Exception as thrown:
    error = str(thrown).strip()
try:
    cudnn = str(torch.backends.cudnn.version() or "") or None
except Exception as thrown:  # another version than it was built with was found
    cudnn = None
    error = error or str(thrown).strip()
tell(version=torch.__version__, devices=devices, error=error, cuda=torch.version.cuda,
     hip=getattr(torch.version, "hip", None), cudnn=cudnn,
     architectures=torch.cuda.get_arch_list() if hasattr(torch.cuda, "get_arch_list") else [],
     gpuBuild=bool(torch.version.cuda or getattr(torch.version, "hip", None)))
""",
    "tensorflow": """
import tensorflow as tf
config = getattr(tf.config, "list_physical_devices", None) or tf.config.experimental.list_physical_devices
details = getattr(getattr(tf.config, "experimental", None), "get_device_details", None)
devices = []
for device in config():
    facts = details(device) if details and device.device_type == "GPU" else {}
    capability = facts.get("compute_capability")
    devices.append({"type": device.device_type, "name": facts.get("device_name", device.name),
                    "computeCapability": ".".join(map(str, capability)) if capability else None})
info = getattr(tf.sysconfig, "get_build_info", dict)()
tell(version=tf.__version__, devices=devices, error=None, cuda=info.get("cuda_version"), hip=info.get("rocm_version"),
     cudnn=info.get("cudnn_version"), architectures=list(info.get("cuda_compute_capabilities", [])),
     gpuBuild=bool(tf.test.is_built_with_gpu_support() if hasattr(tf.test, "is_built_with_gpu_support")
                   else tf.test.is_built_with_cuda()))
""",
    "jax": """
import jax
devices = []
error = None
try:
    for device in jax.devices():
        devices.append({"type": "CPU" if device.platform == "cpu" else "GPU", "name": device.device_kind,
                        "computeCapability": getattr(device, "compute_capability", None)})
except Exception as thrown:
    error = str(thrown).strip()
tell(version=jax.__version__, devices=devices, error=error, cuda=None, hip=None, cudnn=None, architectures=[],
     gpuBuild=None)
""",
    "onnxruntime": """
import onnxruntime
providers = onnxruntime.get_available_providers()
own = [p for p in providers if p.split("Execution")[0] in ("CUDA", "Tensorrt", "ROCM", "MIGraphX", "Dml")]
tell(version=onnxruntime.__version__, devices=[{"type": "CPU", "name": "CPU"}], error=None,
     cuda=getattr(onnxruntime, "cuda_version", "") or None, hip=None,
     cudnn=None, architectures=[], providers=providers, gpuBuild=bool(own))
""",
}


def text_of(path):
    """The content of a small file, or None."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(65536).strip()
    except (OSError, ValueError):
        return None


def run(command, limit, environment=None):
    """(exit code, stdout, stderr); the code is None when it did not start, or not end in time."""
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, **(environment or {})),
            start_new_session=True,
        )
    except OSError as error:
        return None, "", str(error)
    try:
        out, err = child.communicate(timeout=limit)
        return child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except OSError:
        child.kill()
    try:
        out, err = child.communicate(timeout=2)
    except subprocess.TimeoutExpired:  # stuck in the kernel: not even this ends it
        out, err = b"", b""
    late = "no answer within %g s" % limit
    return None, out.decode("utf-8", "replace"), (err.decode("utf-8", "replace") + "\n" + late).strip()


def in_child(code, arguments, limit):
    """Runs Python code with this interpreter, without packages: their folders are no matter of theirs."""
    return run([sys.executable, "-I", "-S", "-c", code, *arguments], limit)


def told_lines(out):
    """`name <tab> error` lines as a dictionary; no error is ''."""
    return dict(line.split("\t", 1) for line in out.splitlines() if "\t" in line)


def python_facts(_):
    libc, version = None, None
    try:
        libc, version = os.confstr("CS_GNU_LIBC_VERSION").split()
    except (AttributeError, ValueError, OSError):
        if glob.glob("/lib/ld-musl-*"):
            libc = "musl"
    release = text_of("/etc/os-release") or ""
    named = re.search(r'^PRETTY_NAME="?([^"\n]*)', release, re.M)
    return {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "machine": os.uname().machine if hasattr(os, "uname") else None,
        "platform": sys.platform,
        "libc": libc,
        "libcVersion": version,
        "system": named.group(1) if named else None,
    }


def user_facts(_):
    capabilities = re.search(r"^CapEff:\s*(\w+)", text_of("/proc/self/status") or "", re.M)
    return {
        "uid": os.getuid() if hasattr(os, "getuid") else None,
        "gid": os.getgid() if hasattr(os, "getgid") else None,
        "groups": os.getgroups() if hasattr(os, "getgroups") else [],
        "capabilities": capabilities.group(1) if capabilities else None,
    }


def folder(path):
    """Whether a file can be made there: on some mounts the mode says yes and the kernel no."""
    facts = {"path": path, "writable": False, "freeBytes": None, "error": None}
    try:
        handle, name = tempfile.mkstemp(prefix=".predictscope-", dir=path)
        os.close(handle)
        os.unlink(name)
        facts["writable"] = True
    except OSError as error:
        facts["error"] = error.strerror
    try:
        facts["freeBytes"] = shutil.disk_usage(path).free
    except OSError:
        pass
    return facts


def folder_facts(_):
    return {"cwd": folder(os.getcwd()), "tmp": folder(os.environ.get("TMPDIR") or "/tmp")}


def node_facts(limit):
    found = sorted(path for pattern in NODES.split() for path in glob.glob("/dev/" + pattern))
    if not found:
        return []
    _, out, _ = in_child(OPEN_NODES, found, limit)
    told = told_lines(out)
    nodes = []
    for path in found:
        facts = os.stat(path)
        error = told.get(path, "no answer")
        nodes.append({"path": path, "gid": facts.st_gid, "usable": error == "", "error": error or None})
    return nodes


def machine_facts(_):
    limit = text_of("/sys/fs/cgroup/memory.max") or text_of("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    try:
        shared = shutil.disk_usage("/dev/shm").total
    except OSError:
        shared = None
    try:
        processors = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        processors = os.cpu_count()
    return {
        "processors": processors,
        "governor": text_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "clockSource": text_of("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "kernel": os.uname().release if hasattr(os, "uname") else None,
        "memoryLimitBytes": int(limit) if limit and limit.isdigit() and int(limit) < 1 << 60 else None,
        "sharedMemoryBytes": shared,
    }


def tool(name, *places):
    return shutil.which(name) or next((path for path in places if os.access(path, os.X_OK)), None)


def nvidia_devices(smi, limit):
    """Rows of nvidia-smi's query. A field that this driver does not know is left out, and asked no more."""
    fields = FIELDS.split()
    while fields:
        code, out, err = run([smi, "--query-gpu=" + ",".join(fields), "--format=csv,noheader,nounits"], limit)
        unknown = re.search(r'Field "([^"]+)" is not a valid field', out + err)
        if unknown and unknown.group(1) in fields:
            fields.remove(unknown.group(1))
            continue
        if code != 0:
            return [], (out + err).strip()[:2000]
        rows = [[part.strip() for part in line.split(",")] for line in out.splitlines() if line.strip()]
        return [nvidia_device(dict(zip(fields, row))) for row in rows], None
    return [], "nvidia-smi knows none of the fields"


def nvidia_device(row):
    def number(field, scale=1):
        try:
            return float(row.get(field, "")) * scale
        except ValueError:
            return None  # [N/A], [Not Supported]

    return {
        "name": row.get("name"),
        "driverVersion": row.get("driver_version"),
        "computeCapability": row.get("compute_cap"),
        "memoryBytes": number("memory.total", 1 << 20),
        "powerLimitW": number("power.limit"),
        "throttleReasons": row.get("clocks_throttle_reasons.active"),
    }


def nvidia_facts(limit):
    version = re.search(r"NVRM version:.*?\s(\d+\.[\d.]+)", text_of("/proc/driver/nvidia/version") or "")
    restricted = re.search(r"RmProfilingAdminOnly: (\d)", text_of("/proc/driver/nvidia/params") or "")
    facts = {
        "driverVersion": version.group(1) if version else None,
        "countersForAdminOnly": restricted.group(1) == "1" if restricted else None,
        "tool": tool("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", "/usr/local/nvidia/bin/nvidia-smi"),
        "list": [],
        "devices": [],
        "error": None,
    }
    if facts["tool"]:
        code, out, err = run([facts["tool"], "-L"], limit)
        facts["list"] = [line.strip() for line in out.splitlines() if line.startswith("GPU ")] if code == 0 else []
        if code == 0 and facts["list"]:
            facts["devices"], facts["error"] = nvidia_devices(facts["tool"], limit)
        else:
            facts["error"] = (out + err).strip()[:2000] or "nvidia-smi ended with %s" % code
    return facts


def rocm_facts(limit):
    """The kernel's own list; it shows in a container also where the nodes do not."""
    devices = []
    for path in sorted(glob.glob("/sys/class/kfd/kfd/topology/nodes/*/properties")):
        target = re.search(r"^gfx_target_version (\d+)", text_of(path) or "", re.M)
        if target and int(target.group(1)) > 0:
            version = int(target.group(1))
            devices.append({"architecture": "gfx%d%x%x" % (version // 10000, version // 100 % 100, version % 100)})
    facts = {
        "version": text_of("/opt/rocm/.info/version"),
        "devices": devices,
        "tool": tool("rocm-smi", "/opt/rocm/bin/rocm-smi"),
        "cards": None,
        "error": None,
    }
    if facts["tool"] and devices:
        code, out, err = run([facts["tool"], "--showproductname", "--showmeminfo", "vram", "--json"], limit)
        try:
            facts["cards"] = json.loads(out[out.index("{") :])
        except ValueError:
            facts["error"] = (out + err).strip()[:2000] or "rocm-smi ended with %s" % code
    return facts


def libraries():
    """CUPTI where TensorFlow's loader, PyTorch's wheels, conda and NVIDIA's images have it, by bare name first."""
    names = [
        "libcupti.so.13",
        "libcupti.so.12",
        "libcupti.so.11.8",
        "libcupti.so.11.2",
        "libcupti.so.10.1",
        "libcupti.so",
    ]
    places = ["/usr/local/cuda*/extras/CUPTI/lib64", "/usr/local/cuda*/targets/*/lib", "/usr/lib/*-linux-gnu"]
    places.append(os.path.join(sys.prefix, "lib"))
    for entry in sys.path:
        places += [os.path.join(entry, "nvidia", "*", "lib"), os.path.join(entry, "torch", "lib")]
    found = []
    for place in places:
        for path in sorted(glob.glob(os.path.join(place, "libcupti*.so*"))):
            if os.path.realpath(path) not in map(os.path.realpath, found):
                found.append(path)
    return names, found[:12]


def library_facts(limit):
    names, found = libraries()
    facts = {"cupti": []}
    for key, name in (("cuda", "libcuda.so.1"), ("hip", "libamdhip64.so")):
        _, out, err = in_child(LOAD, [name], limit)
        error = told_lines(out).get(name, err.strip() or "no answer")
        facts[key] = {"library": name, "loaded": error == "", "error": error or None}
    _, out, _ = in_child(LOAD, names + found, limit)
    told = told_lines(out)
    for name in names + found:
        error = told.get(name, "no answer")
        # A bare name that is not there says nothing; a file that is there and does not load says much.
        if error == "" or name in found:
            facts["cupti"].append({"library": name, "loaded": error == "", "error": error or None})
    return facts


def cuda_facts(_):
    named = glob.glob("/usr/local/cuda/version.*") + sorted(glob.glob("/usr/local/cuda-*/version.*"))
    text = "\n".join(text_of(path) or "" for path in named[:1])
    toolkit = re.search(r'"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"([\d.]+)"|CUDA Version ([\d.]+)', text)
    cudnn = None
    for header in glob.glob("/usr/include/cudnn_version.h") + glob.glob("/usr/include/*/cudnn_version*.h"):
        parts = [
            re.search(r"#define CUDNN_%s\s+(\d+)" % part, text_of(header) or "")
            for part in ("MAJOR", "MINOR", "PATCHLEVEL")
        ]
        if all(parts):
            cudnn = ".".join(part.group(1) for part in parts)
            break
    cache = os.environ.get("CUDA_CACHE_PATH") or os.path.join(os.path.expanduser("~"), ".nv", "ComputeCache")
    there = cache
    while not os.path.exists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    return {
        "toolkitVersion": next(filter(None, toolkit.groups()), None) if toolkit else None,
        "cudnnVersion": cudnn,
        "cachePath": cache,
        "cacheOff": os.environ.get("CUDA_CACHE_DISABLE") == "1",
        "cacheWritable": os.access(there, os.W_OK),
        # Of another device than the root: a mount, which outlives the container.
        "cacheOnMount": os.stat(there).st_dev != os.stat("/").st_dev,
    }


def package_facts(_):
    found = {}
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        for entry in sys.path:
            for path in glob.glob(os.path.join(entry, "*.dist-info")) + glob.glob(os.path.join(entry, "*.egg-info")):
                parts = os.path.basename(path).rsplit(".", 1)[0].split("-")
                name = parts[0].replace("_", "-").lower()
                if len(parts) > 1 and name in PACKAGES.split():
                    found.setdefault(name, parts[1])
        return found
    for name in PACKAGES.split():
        try:
            version = metadata.version(name)
        except Exception:  # not there, or there without a readable METADATA
            continue
        if version:
            found[name] = version
    return found


def variable_facts(_):
    return {name: os.environ[name] for name in VARIABLES.split() if name in os.environ}


def framework_facts(name, limit):
    environment = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    # Not isolated: the program will see the same paths.
    code, out, err = run([sys.executable, "-c", TELL + FRAMEWORKS[name]], limit * 4, environment)
    try:
        facts = json.loads(out)
    except ValueError:
        last = err.strip().splitlines()[-1:] or ["it ended with %s" % code]
        facts = {"version": None, "devices": [], "error": last[0][:2000], "cuda": None, "hip": None, "cudnn": None}
        facts.update(architectures=[], gpuBuild=None)
    return dict(facts, name=name, log=err[-4000:])


SECTIONS = {
    "python": python_facts,
    "user": user_facts,
    "folders": folder_facts,
    "nodes": node_facts,
    "machine": machine_facts,
    "nvidia": nvidia_facts,
    "rocm": rocm_facts,
    "libraries": library_facts,
    "cuda": cuda_facts,
    "packages": package_facts,
    "variables": variable_facts,
}


def arguments(words):
    """(framework or None, limit in seconds)"""
    asked = dict(zip(words[::2], words[1::2]))
    name = asked.get("--framework")
    try:
        limit = float(asked.get("--limit", "20"))
    except ValueError:
        limit = 20.0
    return (name if name in FRAMEWORKS else None), limit


def main():
    framework, limit = arguments(sys.argv[1:])
    sections = dict(SECTIONS)
    if framework:
        sections["framework"] = lambda seconds: framework_facts(framework, seconds)
    answer, failed = {}, {}

    def look(name, section):
        try:
            answer[name] = section(limit)
        except Exception as error:  # one that fails takes no other along
            failed[name] = "%s: %s" % (type(error).__name__, error)

    # At once, in threads that nothing waits for at the end: a folder or a driver may hang in the kernel.
    threads = [threading.Thread(target=look, args=item, daemon=True) for item in sections.items()]
    for thread in threads:
        thread.start()
    # A section runs at most three tools, one after the other; an import has four limits.
    end = time.monotonic() + limit * (4 if framework else 3) + 5
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    told = dict(answer)
    failing = dict(failed)
    for name in sections:
        if name not in told:
            failing.setdefault(name, "no answer")
    sys.stdout.write(json.dumps(dict(told, format=FORMAT, unanswered=failing)) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
