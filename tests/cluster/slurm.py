"""A real SLURM cluster on this machine: one controller and two nodes, each with a port of its own.

It lives in one folder: its own key for munge, its own configuration, no accounting database. It
touches nothing under /etc and stops all that it started.
"""

import getpass
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sinfo", "squeue", "scontrol", "sbatch", "srun")
NODES = ("n1", "n2")
# By this name in its environment a process is known as this cluster's.
MARK = "SPINEBOOK_TEST_CLUSTER"

CONFIGURATION = """ClusterName=spinebook
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job whose node died starts again once its credential is no longer good: 120 s by default.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
SlurmctldPort={controller_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
SlurmdSpoolDir={folder}/%n
StateSaveLocation={folder}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=bf_interval=2
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
PropagateResourceLimits=NONE
ReturnToService=2
# A node that says nothing for so many seconds is down, and its jobs go to another one.
SlurmdTimeout=6
MinJobAge=3600
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=120 State=UP
"""


def missing():
    """The programs that this needs and the machine lacks."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    return [name for name in PROGRAMS if not shutil.which(name, path=path)]


class Slurm:
    """The cluster, as a context: it runs inside and is gone afterwards.

    Args:
        folder: an empty folder, whose path is short enough for a socket's (107 characters).
        cores: processor cores of each node.
        memory_MB: memory of each node.
    """

    def __init__(self, folder: Path, cores=2, memory_MB=8000):
        self.folder, self.cores, self.memory_MB = folder, cores, memory_MB
        path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", ""), "/usr/sbin"])
        own = {"SLURM_CONF": str(folder / "slurm.conf"), MARK: str(folder), "PATH": path}
        self.environment = os.environ | own

    def __enter__(self):
        self._configure()
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # The processes of the jobs are no children of the daemons, so all are looked for by name.
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._processes(MARK, str(self.folder)):
                _send(pid, number)
            _until(lambda: not self._processes(MARK, str(self.folder)), 5, "", fail=False)

    def call(self, *command):
        """Run one of SLURM's commands; return what it prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def running(self):
        """The node of each running job, by job id."""
        lines = self.call("squeue", "--noheader", "--states=R", "--format=%i %N").splitlines()
        return dict(line.split() for line in lines)

    def kill_node(self, name):
        """End a node as a power cut does: its daemon and all that runs on it, without a word."""
        daemon = int((self.folder / f"{name}.pid").read_text())
        for pid in {daemon, *self._processes("SLURMD_NODENAME", name)}:
            _send(pid, signal.SIGKILL)
        _until(lambda: not self._processes("SLURMD_NODENAME", name), 10, f"node {name} to die")

    def start_node(self, name):
        """Start a node's daemon; what it starts inherits the node's name."""
        environment = self.environment | {"SLURMD_NODENAME": name}
        subprocess.run(["slurmd", "-N", name], env=environment, check=True, timeout=30)

    def _configure(self):
        for name in ("munge", "state", *NODES):
            (self.folder / name).mkdir(mode=0o755)
        key = self.folder / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        ports = _free_ports(1 + len(NODES))
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={platform.node()} Port={port} CPUs={self.cores} "
            f"RealMemory={self.memory_MB}"
            for name, port in zip(NODES, ports[1:], strict=True)
        )
        text = CONFIGURATION.format(
            host=platform.node(),
            user=getpass.getuser(),
            folder=self.folder,
            controller_port=ports[0],
            nodes=nodes,
        )
        configuration = self.folder / "slurm.conf"
        configuration.write_text(text)
        # The engine calls srun without the variable that says where the configuration is; on other
        # clusters it lies where srun looks for it.
        wrapper = self.folder / "bin" / "srun"
        wrapper.parent.mkdir()
        srun = shutil.which("srun")
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={configuration} exec {srun} "$@"\n')
        wrapper.chmod(0o755)

    def _start(self):
        munge = self.folder / "munge"
        files = {
            "key-file": "key",
            "socket": "socket",
            "pid-file": "pid",
            "log-file": "log",
            "seed-file": "seed",
        }
        options = [f"--{option}={munge / name}" for option, name in files.items()]
        # --force: the folders above this one may be anybody's, as those of a test are.
        command = ["munged", "--force", "--num-threads=2", *options]
        subprocess.run(command, env=self.environment, check=True, timeout=30, capture_output=True)
        _until((munge / "socket").exists, 10, "munge's socket")
        subprocess.run(["slurmctld"], env=self.environment, check=True, timeout=30)
        for name in NODES:
            self.start_node(name)
        _until(self._all_idle, 30, f"two idle nodes; the logs are in {self.folder}")

    def _all_idle(self):
        command = ["sinfo", "--noheader", "--Node", "--format=%T"]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60
        )
        return done.stdout.split() == ["idle"] * len(NODES)

    def _processes(self, variable, value):
        """The living processes that have a variable of this value, but not this one."""
        wanted = f"{variable}={value}".encode()
        cluster = f"{MARK}={self.folder}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                given = path.read_bytes().split(b"\0")
                stat = (path.parent / "stat").read_text()
            except OSError:  # gone, or somebody else's
                continue
            alive = stat.rpartition(")")[2].split()[0] != "Z"
            if alive and {wanted, cluster} <= set(given) and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        return found


def _free_ports(count):
    sockets = [socket.create_server(("", 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


def _send(pid, number):
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _until(condition, seconds, what, fail=True):
    """Wait for something to be so; after so many seconds fail with its name."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            if fail:
                raise TimeoutError(f"waited {seconds} s for {what}")
            return
        time.sleep(0.1)
