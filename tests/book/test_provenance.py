"""A result says which job of a cluster made it, and nothing of a machine at home."""

import platform

from spinebook.book.documents import schema_faults
from spinebook.book.provenance import cluster_job, environment

from tests.book.site_examples import RESULTS

SLURM = {
    "SLURM_JOB_ID": "17",
    "SLURM_CLUSTER_NAME": "spines",
    "SLURM_JOB_PARTITION": "gpu",
    "SLURMD_NODENAME": "n2",
    "SLURM_SUBMIT_HOST": "login",
}


def test_a_job_of_slurm_is_named__closed_form():
    assert cluster_job(SLURM) == {
        "engine": "slurm",
        "host": platform.node(),
        "id": "17",
        "cluster": "spines",
        "partition": "gpu",
        "node": "n2",
    }


def test_a_job_of_kubernetes_is_named__closed_form():
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "snakejob-1b2c-x7"}
    assert cluster_job(pod) == {"engine": "kubernetes", "host": "snakejob-1b2c-x7"}


def test_a_notebook_server_in_a_pod_is_no_job__property():
    assert cluster_job({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "jupyter-ada"}) == {}


def test_without_a_cluster_no_host_is_told__property(monkeypatch):
    for name in (*SLURM, "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    assert "job" not in environment()
    assert platform.node() not in environment().values()


def test_the_job_stands_in_the_results__property(monkeypatch):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    assert environment()["job"]["id"] == "17"


def test_results_with_and_without_a_job_are_read__property():
    assert not list(schema_faults(RESULTS, "results"))
    job = {"job": cluster_job(SLURM)}
    assert not list(schema_faults(RESULTS | {"provenance": RESULTS["provenance"] | job}, "results"))
    wrong = RESULTS | {"provenance": RESULTS["provenance"] | {"job": {"id": 17}}}
    assert list(schema_faults(wrong, "results"))
