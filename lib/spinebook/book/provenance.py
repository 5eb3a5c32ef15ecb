"""Where a result came from: machine, device, versions, commit and the library that was loaded."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# What an engine tells a job of itself, and the name under which the results keep it.
_SLURM = {
    "SLURM_JOB_ID": "id",
    "SLURM_CLUSTER_NAME": "cluster",
    "SLURM_JOB_PARTITION": "partition",
    "SLURMD_NODENAME": "node",
}
PACKAGES = ("spinebook", "jax", "jaxlib", "flax", "optax", "numpy", "scipy", "matplotlib")


def digest(content: bytes) -> str:
    """Return a short SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:24]


def file_digest(path: Path) -> str:
    """Return a short SHA-256 of a file, or ``"absent"``."""
    return digest(path.read_bytes()) if path.is_file() else "absent"


def loaded_modules() -> dict[str, str]:
    """Return name and digest of every module of the library that this process has imported."""
    modules = {}
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name.split(".")[0] == "spinebook" and path:
            modules[name] = file_digest(Path(path))
    return modules


def environment() -> dict[str, Any]:
    """Describe the machine and the packages of this process, without starting JAX."""
    return {
        "device": _device(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "threads": _threads(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        **({"job": job} if (job := cluster_job(os.environ)) else {}),
    }


def cluster_job(variables: Mapping[str, str]) -> dict[str, str]:
    """Return which job of a cluster a process is; nothing on a machine of one's own.

    A machine's name is kept only inside a job: at home it would tell readers of the results
    something about a person and nothing about the run.

    Args:
        variables: the process's environment.

    Examples:
        >>> sorted(cluster_job({"SLURM_JOB_ID": "7", "SLURMD_NODENAME": "n1"}))
        ['engine', 'host', 'id', 'node']
        >>> cluster_job({"HOME": "somewhere"})
        {}
    """
    if "SLURM_JOB_ID" in variables:
        told = {name: variables[key] for key, name in _SLURM.items() if key in variables}
        return {"engine": "slurm", "host": platform.node(), **told}
    pod = variables.get("HOSTNAME", "")
    # Notebook servers run in pods too, and are named for their users; the engine's jobs are not.
    if "KUBERNETES_SERVICE_HOST" in variables and pod.startswith("snakejob-"):
        return {"engine": "kubernetes", "host": pod}
    return {}


def commit(root: Path) -> tuple[str | None, bool]:
    """Return the commit of a checkout and whether it has local changes; None without git."""
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        return None, False
    return head, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _device() -> str:
    # Asking JAX for its devices would start it; a chapter that never did ran on the processor.
    jax = sys.modules.get("jax")
    if jax is None:
        return "CPU"
    device = jax.devices()[0]
    return "CPU" if device.platform == "cpu" else device.device_kind


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
