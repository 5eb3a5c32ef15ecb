"""The workflow with the Kubernetes profile: its jobs are read, and run without a cluster."""

import json
import os
import shutil
import subprocess

import pytest
import yaml

from tests.cluster.engine import ROOT, find_snakemake, start_snakemake
from tests.cluster.kubernetes_stand_in import KubernetesStandIn
from tests.cluster.toy_book import ASKED, make_book

LACKING = [] if find_snakemake() else ["snakemake"]
LACKING += [name for name in ("rsync", "git") if not shutil.which(name)]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}"),
]
PROFILE = ROOT / "workflow/profiles/kubernetes/config.yaml"
# Reads a job with the models of Kubernetes' own client and gives back what these keep of it.
ROUND_TRIP = """
import json, sys
from types import SimpleNamespace
from kubernetes.client import ApiClient
client = ApiClient()
job = client.deserialize(SimpleNamespace(data=sys.stdin.read()), "V1Job")
print(json.dumps(client.sanitize_for_serialization(job)))
"""


def copy_of_the_workflow(book):
    """A pod gets what git tracks, so the book must be a checkout that holds the workflow."""
    shutil.copytree(ROOT / "workflow", book / "workflow")
    git = ["git", "-C", str(book), "-c", "user.name=Toy", "-c", "user.email=toy@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "A toy"]):
        subprocess.run([*git, *command], check=True)


def run(tmp_path, book, runs, *options):
    """Run the workflow against the stand-in; return it, the status and what was printed."""
    log, folder = tmp_path / "log", tmp_path / "stand-in"
    folder.mkdir()
    with KubernetesStandIn(folder, runs=runs) as cluster:
        environment = os.environ | cluster.environment | {"XDG_CACHE_HOME": str(tmp_path)}
        # The volume of the profile is mounted at /spinebook; here the book lies elsewhere.
        place = ("--default-storage-prefix", book, "--seconds-between-status-checks", 1)
        volumes = ("--kubernetes-persistent-volumes", f"spinebook:{book}")
        engine = start_snakemake(
            "kubernetes", book, environment, log, *place, *volumes, *options, workflow=book
        )
        status = engine.wait(300)
    return cluster, status, log.read_text()


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """The jobs that the two toy chapters ask for, one of them with a GPU."""
    tmp_path = tmp_path_factory.mktemp("kubernetes")
    book = make_book(tmp_path / "book", seconds=0)
    path = book / "chapters/counting-toy/profiles.yml"
    large = "{memory_GB: 48, minutes: 240, cores: 8, gpus: 1}"
    path.write_text(path.read_text().replace(ASKED, large))
    copy_of_the_workflow(book)
    cluster, _, text = run(tmp_path, book, False, "--retries", 0, "--latency-wait", 1)
    assert len(cluster.jobs) == 2, text
    return cluster.jobs


def container(job):
    return job["spec"]["template"]["spec"]["containers"][0]


def test_jobs_reserve_what_the_chapters_state__closed_form(jobs):
    by_memory = {container(job)["resources"]["requests"]["memory"]: job for job in jobs}
    small, large = [container(by_memory[memory])["resources"] for memory in ("2000M", "48000M")]
    # The plugin asks for 0.95 of the cores, since a node keeps some for itself.
    assert small["requests"]["cpu"] == "1900m"
    assert large["requests"]["cpu"] == "7600m"
    assert large["requests"]["nvidia.com/gpu"] == "1"
    assert "nvidia.com/gpu" not in small["requests"]
    assert small["requests"]["ephemeral-storage"] == "2000M"
    # A cluster refuses a GPU that is requested and not limited to the same number.
    assert large["limits"]["nvidia.com/gpu"] == "1"


def test_jobs_are_of_the_profile__property(jobs):
    profile = yaml.safe_load(PROFILE.read_text())
    for job in jobs:
        spec = job["spec"]["template"]["spec"]
        assert container(job)["image"] == profile["container-image"]
        assert spec["restartPolicy"] == "Never"
        (claim,) = [v["persistentVolumeClaim"] for v in spec["volumes"] if "emptyDir" not in v]
        assert claim == {"claimName": "spinebook"}
        assert "--shared-fs-usage 'none'" in container(job)["args"][1]


def test_jobs_are_read_whole_by_the_client__independent_package(jobs):
    python = find_snakemake().replace("snakemake", "python")
    for job in jobs:
        # A field that the client does not know, or a value of another type, does not come back.
        text = json.dumps(job)
        done = subprocess.run(
            [python, "-c", ROUND_TRIP], input=text, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout) == json.loads(text)


@pytest.mark.parametrize("version", ["1.27", "1.32", "1.37"])
def test_jobs_fit_the_published_schema__independent_package(jobs, version):
    validator = pytest.importorskip("kubernetes_validate")
    for job in jobs:
        whole = {"apiVersion": "batch/v1", "kind": "Job", **job}
        assert validator.validate(whole, version, strict=True) == version
        whole["spec"] = whole["spec"] | {"backofLimit": 0}
        with pytest.raises(validator.ValidationError):
            validator.validate(whole, version, strict=True)


def test_what_a_pod_is_told_to_do_makes_the_book__property(tmp_path):
    book = make_book(tmp_path / "book", seconds=0)
    copy_of_the_workflow(book)
    cluster, status, text = run(tmp_path, book, True)
    assert status == 0, "\n".join([text, *cluster.outputs])
    assert len(cluster.jobs) == 2
    for slug in ("quick-toy", "counting-toy"):
        results = json.loads((book / "_build/quick" / slug / "results.json").read_text())
        assert results["provenance"]["job"]["host"] in {
            f"{job['metadata']['name']}-toy" for job in cluster.jobs
        }
    assert (book / "_build/site/chapters/counting-toy/index.html").is_file()
