"""A stand-in for the few parts of Kubernetes' interface that the engine calls.

No cluster is behind it. It keeps each job that it is given, and runs the job's command on this
machine, in an empty folder in place of the container's. So what the engine asks of a cluster can be
read, and what it tells a pod to do is done; that a real cluster takes and schedules the job is not
shown.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: stand-in
clusters: [{{name: stand-in, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: nobody, user: {{}}}}]
contexts: [{{name: stand-in, context: {{cluster: stand-in, user: nobody}}}}]
"""


class KubernetesStandIn:
    """The server, as a context.

    Args:
        folder: an empty folder for its configuration.
        runs: whether the jobs' commands are run; otherwise every job ends well at once.

    Attributes:
        jobs: the jobs that were asked for, as they came.
        environment: variables that lead Kubernetes' clients here.
    """

    def __init__(self, folder: Path, runs=True):
        self.folder, self.runs = folder, runs
        self.jobs, self.outputs = [], []
        self._done: dict[str, subprocess.CompletedProcess[str] | None] = {}

    def __enter__(self):
        stand_in = self

        class Handler(_Handler):
            cluster = stand_in

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        configuration = self.folder / "kubeconfig"
        configuration.write_text(KUBECONFIG.format(port=self._server.server_port))
        # The engine has each pod install its storage plugin, which the image of a pod has already.
        pip = self.folder / "bin" / "pip"
        pip.parent.mkdir()
        pip.write_text("#!/bin/sh\n")
        pip.chmod(0o755)
        self.environment = {"KUBECONFIG": str(configuration)}
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def take(self, job):
        """Keep a job and start what its container would."""
        name = job["metadata"]["name"]
        self.jobs.append(job)
        self._done[name] = None
        threading.Thread(target=self._run, args=(name, job), daemon=True).start()

    def status(self, name):
        """Say in Kubernetes' words how far a job is."""
        done = self._done[name]
        if done is None:
            return {"active": 1}
        return {"failed": 1} if done.returncode else {"succeeded": 1}

    def _run(self, name, job):
        container = job["spec"]["template"]["spec"]["containers"][0]
        command = [*container["command"], *container["args"]] if self.runs else ["true"]
        path = [str(self.folder / "bin"), str(_python().parent), os.environ["PATH"]]
        in_pod = {"PATH": os.pathsep.join(path), "KUBERNETES_SERVICE_HOST": "127.0.0.1"}
        in_pod["HOSTNAME"] = f"{name}-toy"  # as the pod of a job is named
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as workdir:
            done = subprocess.run(
                command,
                cwd=workdir,
                env=os.environ | in_pod,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        self.outputs.append(done.stdout + done.stderr)
        self._done[name] = done


def _python():
    """The interpreter that snakemake runs with: first on a pod's PATH."""
    from tests.cluster.engine import find_snakemake

    beside = Path(find_snakemake()).with_name("python")
    return beside if beside.is_file() else Path(sys.executable)


class _Handler(BaseHTTPRequestHandler):
    cluster: KubernetesStandIn

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/jobs"):
            self.cluster.take(body)
        self._answer(body, 201)

    def do_GET(self):
        parts = self.path.partition("?")[0].split("/")
        if parts[-1] == "status":
            name = parts[-2]
            status = self.cluster.status(name)
            self._answer({"kind": "Job", "metadata": {"name": name}, "status": status})
        else:
            self._answer({"kind": "PodList", "items": []})

    def do_DELETE(self):
        self._answer({"kind": "Status", "status": "Success"})

    def _answer(self, content, status=200):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Say nothing of each request."""
