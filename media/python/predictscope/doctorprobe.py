"""What the doctor asks of the place where a program will run, beyond what targetprobe.py says of it.

usage: doctorprobe.py                    ->  one JSON object: processor, clock, mounts, environment, GPU, processes
       doctorprobe.py --framework NAME   ->  one JSON object: what the framework itself says of its build and devices

Python 3.7 syntax, standard library only; given as text (-c), so that nothing needs to be installed. Not run with -I:
packages of the user and of PYTHONPATH are what the program will see. What could not be asked is {"failed": "why"}.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

TOOL_SECONDS = 10

VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
    "HSA_OVERRIDE_GFX_VERSION", "CUDA_CACHE_PATH", "CUDA_CACHE_DISABLE", "CUDA_CACHE_MAXSIZE", "CUDA_LAUNCH_BLOCKING",
    "CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH", "LD_PRELOAD", "ROCP_TOOL_LIB", "HSA_TOOLS_LIB",
)  # fmt: skip

PROFILERS = {
    "nsys": "Nsight Systems", "nsys-launcher": "Nsight Systems", "ncu": "Nsight Compute", "nv-nsight-cu-cl": "Nsight Compute",
    "nvprof": "nvprof", "nv-hostengine": "DCGM", "dcgm-exporter": "DCGM", "rocprof": "rocprof", "rocprofv2": "rocprof",
    "rocprofv3": "rocprof", "py-spy": "py-spy", "perf": "perf", "austin": "Austin",
}  # fmt: skip

GPU_FIELDS = (
    "index", "name", "compute_cap", "driver_version", "memory.total", "memory.used", "utilization.gpu",
    "temperature.gpu", "power.draw", "power.limit", "power.default_limit", "persistence_mode", "mig.mode.current",
    "clocks_event_reasons.active", "clocks_throttle_reasons.active",
)  # fmt: skip


def text(path, limit=1 << 16):
    """A file's text, or None."""
    try:
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return None


def number(path):
    value = text(path)
    try:
        return int(value) if value is not None else None
    except ValueError:
        return None


def tool(*command):
    """(standard output, None) or (None, why)."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TOOL_SECONDS,
        )
    except FileNotFoundError:
        return None, "%s is not there" % command[0]
    except subprocess.TimeoutExpired:
        return None, "%s did not answer within %d s" % (command[0], TOOL_SECONDS)
    except OSError as error:
        return None, "%s: %s" % (command[0], error)
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        return None, said or "%s ended with %d" % (command[0], done.returncode)
    return said, None


def jax_plugin(kind):
    """Whether JAX's code for this kind of GPU is installed."""
    pattern = re.compile(r"jax[-_]%s\d+[-_]plugin" % kind)
    for folder in sys.path:
        try:
            if any(pattern.match(name) for name in os.listdir(folder or ".")):
                return "yes"
        except OSError:
            pass
    return None


def mounts():
    """(mount point, type, read-only) of every mount; None where there is no /proc."""
    lines = text("/proc/self/mountinfo", 1 << 22)
    if lines is None:
        return None
    result = []
    for line in lines.split("\n"):
        left, _, right = line.partition(" - ")
        words = left.split(" ")
        if len(words) > 5 and right:
            point = re.sub(r"\\(\d{3})", lambda m: chr(int(m.group(1), 8)), words[4])
            result.append((point, right.split(" ")[0], "ro" in words[5].split(",")))
    return result


def mount_of(path, table):
    path = os.path.realpath(path)
    best = None
    for mount in table:
        point = mount[0]
        if path == point or path.startswith(point.rstrip("/") + "/"):
            best = mount if best is None or len(point) >= len(best[0]) else best
    return best and {"point": best[0], "type": best[1], "readOnly": best[2]}


def cgroup_cpus():
    """How many processors the control group of this process may use: the least of it and its parents."""
    limits = []
    own = text("/proc/self/cgroup") or ""
    for line in own.split("\n"):
        _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
        if controllers == "":
            folders = up(path, "/sys/fs/cgroup")
            for folder in folders:
                words = (text(folder + "/cpu.max") or "max").split()
                if words[0].isdigit() and len(words) > 1:
                    limits.append(int(words[0]) / float(words[1]))
        elif "cpu" in controllers.split(","):
            for folder in up(path, "/sys/fs/cgroup/cpu") + up(path, "/sys/fs/cgroup/" + controllers):
                quota = number(folder + "/cpu.cfs_quota_us")
                period = number(folder + "/cpu.cfs_period_us")
                if quota and period and quota > 0:
                    limits.append(quota / float(period))
    return min(limits) if limits else None


def up(path, root):
    """A folder of the control groups and those above it, as far as they are seen from here."""
    folders = [root]
    for part in path.strip("/").split("/"):
        folders.append(folders[-1] + "/" + part)
    return folders


def cgroup_memory():
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limit = number(name)
        if limit is not None and limit < 1 << 60:
            return limit
    return None


def processor():
    info = text("/proc/cpuinfo", 1 << 14) or ""
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.M)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", info, re.M)
    governors = sorted({g for g in map(text, glob.glob("/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")) if g})
    no_turbo = number("/sys/devices/system/cpu/intel_pstate/no_turbo")
    boost = number("/sys/devices/system/cpu/cpufreq/boost")
    rapl = "/sys/class/powercap/intel-rapl:0/constraint_0_"
    return {
        "count": os.cpu_count(),
        "allowed": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "cgroupCpus": cgroup_cpus(),
        "cgroupMemoryBytes": cgroup_memory(),
        "model": model.group(1).strip() if model else None,
        "virtual": "hypervisor" in flags.group(1).split() if flags else None,
        "product": text("/sys/class/dmi/id/product_name"),
        "governors": governors,
        "driver": text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"),
        "turboOff": no_turbo == 1 if no_turbo is not None else boost == 0 if boost is not None else None,
        "powerLimitMicrowatts": number(rapl + "power_limit_uw"),
        "powerMaximumMicrowatts": number(rapl + "max_power_uw"),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def clock():
    folder = "/sys/devices/system/clocksource/clocksource0/"
    perf_counter = time.perf_counter
    best = 1.0
    for _ in range(20):
        begin = perf_counter()
        for _ in range(200):
            perf_counter()
        best = min(best, (perf_counter() - begin) / 200)
    return {
        "source": text(folder + "current_clocksource"),
        "available": (text(folder + "available_clocksource") or "").split(),
        "readNs": round(best * 1e9, 1),
    }


def cuda_cache(table):
    """Where the driver keeps what it compiled, and what that place is."""
    path = os.environ.get("CUDA_CACHE_PATH") or os.path.join(os.path.expanduser("~"), ".nv", "ComputeCache")
    size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                size += os.path.getsize(os.path.join(folder, name))
            except OSError:
                pass
    there = path
    while not os.path.exists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    return {
        "path": path,
        "exists": os.path.isdir(path),
        "bytes": size,
        "writable": os.access(there, os.W_OK),
        "mount": mount_of(there, table) if table is not None else None,
    }


def smi(*arguments):
    """nvidia-smi, also where WSL and Google's machines have it."""
    places = ["/usr/lib/wsl/lib/nvidia-smi", "/usr/local/nvidia/bin/nvidia-smi"]
    found = shutil.which("nvidia-smi") or next((place for place in places if os.access(place, os.X_OK)), "nvidia-smi")
    return tool(found, *arguments)


def driver_cuda():
    """Up to which CUDA the driver goes: only the head of the usual table says so."""
    said, why = smi()
    version = re.search(r"CUDA(?: \w+)? Version:\s*([\d.]+)", said or "")
    return version.group(1) if version else {"failed": why or "nvidia-smi does not say"}


def gpus():
    """What nvidia-smi says of each card. Older ones do not know every field: those are left out."""
    fields = list(GPU_FIELDS)
    while fields:
        said, why = smi("--query-gpu=" + ",".join(fields), "--format=csv,noheader,nounits")
        unknown = re.search(r'Field "([\w.]+)" is not a valid field', why or "")
        if unknown and unknown.group(1) in fields:
            fields.remove(unknown.group(1))
            continue
        if said is None:
            return {"failed": why}
        rows = [[word.strip() for word in line.split(", ")] for line in said.split("\n") if line.strip()]
        return [{k: v for k, v in zip(fields, row) if not v.startswith("[")} for row in rows if len(row) == len(fields)]
    return {"failed": "nvidia-smi knows none of the fields"}


def gpu_processes():
    said, why = smi("--query-compute-apps=pid,process_name,used_gpu_memory", "--format=csv,noheader,nounits")
    if said is None:
        return {"failed": why}
    rows = [[word.strip() for word in line.rsplit(", ", 1)] for line in said.split("\n") if line.strip()]
    result = []
    for row in rows:
        pid, _, name = row[0].partition(", ")
        if pid.isdigit() and len(row) == 2:
            result.append({"pid": int(pid), "name": name, "memoryMib": int(row[1]) if row[1].isdigit() else None})
    return result


def profilers():
    """Profilers among the processes that are seen from here; None where none is seen at all."""
    found = []
    pids = [name for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []
    for pid in pids:
        name = PROFILERS.get(text("/proc/%s/comm" % pid) or "")
        if name:
            found.append({"pid": int(pid), "name": name})
    return found if pids else None


def host():
    """An answer for every question; one that fails does not take the others with it."""
    table = None
    try:
        table = mounts()
    except Exception:
        pass
    questions = {
        "processor": processor,
        "clock": clock,
        "root": lambda: mount_of("/", table) if table is not None else {"failed": "there is no /proc"},
        "cudaCache": lambda: cuda_cache(table),
        "environment": lambda: {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "driverCuda": driver_cuda,
        "gpus": gpus,
        "gpuProcesses": gpu_processes,
        "profilers": profilers,
    }
    result = {}
    for name, question in questions.items():
        try:
            result[name] = question()
        except Exception as error:
            result[name] = {"failed": "%s: %s" % (type(error).__name__, error)}
    return result


def torch_facts():
    import torch

    facts = {"version": torch.__version__, "cuda": torch.version.cuda, "hip": getattr(torch.version, "hip", None)}
    facts["threads"] = torch.get_num_threads()
    facts["gpu"] = bool(torch.cuda.is_available())
    if facts["cuda"] or facts["hip"]:
        flags = getattr(torch._C, "_cuda_getArchFlags", None)
        facts["builtFor"] = (flags() or "").split() if flags else None
        try:
            facts["cudnn"] = torch.backends.cudnn.version()
        except Exception as error:
            facts["cudnnError"] = str(error)
        try:
            torch.cuda.init()
            facts["devices"] = []
            for index in range(torch.cuda.device_count()):
                properties = torch.cuda.get_device_properties(index)
                facts["devices"].append(
                    {
                        "name": properties.name,
                        "capability": "%d.%d" % (properties.major, properties.minor),
                        "gfx": getattr(properties, "gcnArchName", "") if facts["hip"] else "",
                    }
                )
        except Exception as error:
            facts["gpuError"] = str(error)
    try:
        facts["tracesGpu"] = any(a.name == "CUDA" for a in torch.profiler.supported_activities())
    except Exception:
        pass
    return facts


def tensorflow_facts():
    import tensorflow as tf

    facts = {"version": tf.__version__, "keras": getattr(getattr(tf, "keras", None), "__version__", None)}
    build = {}
    try:
        build = dict(tf.sysconfig.get_build_info())
    except Exception:
        pass
    cuda = build.get("is_cuda_build", tf.test.is_built_with_cuda())
    facts["cuda"] = (str(build.get("cuda_version", "")) or "yes") if cuda else None
    facts["hip"] = (str(build.get("rocm_version", "")) or "yes") if build.get("is_rocm_build") else None
    facts["cudnn"] = build.get("cudnn_version")
    facts["builtFor"] = [str(c) for c in build["cuda_compute_capabilities"]] if build.get("cuda_compute_capabilities") else None  # fmt: skip
    config = tf.config if hasattr(tf.config, "list_physical_devices") else tf.config.experimental
    found = config.list_physical_devices("GPU")
    facts["gpu"] = len(found) > 0
    facts["devices"] = []
    for device in found:
        try:
            details = tf.config.experimental.get_device_details(device)
        except Exception:
            details = {}
        capability = details.get("compute_capability")
        facts["devices"].append(
            {
                "name": details.get("device_name", device.name),
                "capability": "%d.%d" % tuple(capability) if capability else "",
                "gfx": "",
            }
        )
    return facts


def jax_facts():
    import jax
    import jaxlib

    facts = {"version": jax.__version__, "jaxlib": getattr(jaxlib, "__version__", None)}
    platforms = {"cuda": "cuda", "gpu": "cuda", "rocm": "hip"}
    facts["cuda"] = jax_plugin("cuda")
    facts["hip"] = jax_plugin("rocm")
    devices = jax.devices()
    facts["backend"] = jax.default_backend()
    facts["gpu"] = any(d.platform in platforms for d in devices)
    facts["devices"] = [
        {"name": d.device_kind, "capability": str(getattr(d, "compute_capability", "")), "gfx": ""}
        for d in devices
        if d.platform in platforms
    ]
    return facts


def onnxruntime_facts():
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    facts = {"version": onnxruntime.__version__, "providers": providers}
    facts["cuda"] = "yes" if "CUDAExecutionProvider" in providers else None
    facts["hip"] = (
        "yes" if any(p in providers for p in ("ROCMExecutionProvider", "MIGraphXExecutionProvider")) else None
    )
    return facts


FRAMEWORKS = {
    "torch": torch_facts,
    "tensorflow": tensorflow_facts,
    "jax": jax_facts,
    "onnxruntime": onnxruntime_facts,
}


def framework(name):
    # Asking must not take the card's memory from the program that runs on it.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    begin = time.perf_counter()
    try:
        facts = FRAMEWORKS[name]()
    except BaseException as error:
        facts = {"failed": "%s: %s" % (type(error).__name__, error)}
    facts["seconds"] = round(time.perf_counter() - begin, 2)
    libraries = set(re.findall(r"(/\S*/lib(?:cupti|cudart|cudnn|cuda|roctracer64|rocprofiler\w*|amdhip64)\.so\S*)", text("/proc/self/maps", 1 << 24) or ""))  # fmt: skip
    facts["libraries"] = sorted(libraries)
    return facts


def main():
    # What frameworks print goes where it disturbs nobody.
    sys.stdout.flush()
    out = os.dup(1)
    os.dup2(2, 1)
    facts = framework(sys.argv[2]) if sys.argv[1:2] == ["--framework"] else host()
    data = json.dumps(facts).encode()
    while data:
        data = data[os.write(out, data) :]
    # A framework's own threads have held up the end of an interpreter.
    os._exit(0)


if __name__ == "__main__":
    main()
