"""Run the quick book on a SLURM of this machine, kill a node on the way, and say what happened.

    python -m tests.cluster.whole_book

Ten minutes or so on two cores. It needs what tests/cluster/test_slurm.py needs, from the root of a
checkout; the results land where `spinebook run` leaves them.
"""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster.engine import ROOT, find_snakemake, start_snakemake
from tests.cluster.slurm import Slurm, missing

# The node dies when so many chapters are done and the job to be lost has run for so many seconds.
DONE_BEFORE, SECONDS_BEFORE = 2, 20
OPTIONS = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", 5)


def tell(text):
    """Print with the time of day."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def jobs(slurm):
    """Id, state, seconds, rule and node, if it has one, of each of SLURM's jobs."""
    form = "--format=%i|%T|%M|%k|%N"
    lines = slurm.call("squeue", "--noheader", "--states=all", form).splitlines()
    return [line.split("|") for line in lines]


def seconds(text):
    """Seconds of SLURM's minutes:seconds, such as 1:05."""
    minutes, _, rest = text.rpartition(":")
    return 60 * int(minutes.rpartition(":")[2] or 0) + int(rest)


def watch(slurm, engine):
    """Say when a job or a node changes its state, and kill one node on the way."""
    told, killed = set(), False
    while engine.poll() is None:
        now = jobs(slurm)
        nodes = slurm.call("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
        states = {f"job {i} {state} {rule} {node}" for i, state, _, rule, node in now}
        for line in sorted((states | set(nodes)) - told):
            tell(line)
        told = states | set(nodes)
        done = [job for job in now if job[1] == "COMPLETED"]
        running = [job for job in now if job[1] == "RUNNING" and seconds(job[2]) >= SECONDS_BEFORE]
        if not killed and len(done) >= DONE_BEFORE and running:
            identity, _, _, rule, node = running[0]
            tell(f"killing node {node}, which runs job {identity} ({rule})")
            slurm.kill_node(node)
            killed = True
        time.sleep(2)


def summary(book, profile):
    """Print chapter, seconds, node, job and largest memory of each result."""
    for path in sorted(book.glob(f"_build/{profile}/*/results.json")):
        found = json.loads(path.read_text())["provenance"]
        job = found.get("job", {})
        slug = path.parent.name
        measured = (book / f"_build/jobs/{profile}/{slug}.benchmark.tsv").read_text().split("\n")
        row = dict(zip(measured[0].split("\t"), measured[1].split("\t"), strict=True))
        size = sum(p.stat().st_size for p in path.parent.rglob("*") if p.is_file())
        print(
            f"{slug}: {found['seconds']} s, job {job.get('id')} on {job.get('node')}, "
            f"wall {row['s']} s, memory {row['max_rss']} MB, processor {row['cpu_time']} s, "
            f"{size / 1e6:.1f} MB on disk"
        )


def main():
    """Run it; return snakemake's exit status."""
    lacking = missing() + ([] if find_snakemake() else ["snakemake"])
    if lacking:
        print(f"not installed: {', '.join(lacking)}", file=sys.stderr)
        return 2
    log = ROOT / "_build" / "cluster.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**6
    # Each node gets half of this machine.
    cores = max(1, (os.cpu_count() or 2) // 2)
    with (
        tempfile.TemporaryDirectory() as folder,
        Slurm(Path(folder), cores=max(2, cores), memory_MB=memory // 2) as slurm,
    ):
        started = time.monotonic()
        engine = start_snakemake("slurm", ROOT, slurm.environment, log, *OPTIONS)
        tell(f"snakemake runs; its output goes to {log}")
        watch(slurm, engine)
        passed = time.monotonic() - started
        tell(f"snakemake ended with status {engine.returncode} after {passed:.0f} s")
    summary(ROOT, "quick")
    return engine.returncode


if __name__ == "__main__":
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # so that the cluster is stopped then, too
    sys.exit(main())
