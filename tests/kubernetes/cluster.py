"""A real Kubernetes on this machine: etcd, API server, controllers, scheduler, and a node that runs real pods.

Everything that it has is in one folder. Nothing is pulled: images are made by podman and handed to the node. It needs
root, and from Debian containerd, runc, containernetworking-plugins, conntrack, iptables, busybox-static and podman.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.kubernetes.components import components, kwok

START_S = 120.0
STOP_S = 3.0
"""The API server would wait a minute for its watches to end."""
TOKEN = "alula-tests"
NODE = "localhost"
"""The API server reaches the kubelet under this name, for logs."""
PAUSE = "localhost/pause:1"
"""The image that holds a pod's namespaces, with a shell in it: tests run their scripts in it."""
BRIDGES = "alulatest"
"""The bridge of a cluster and its cgroups are named by the number of its networks: that of its pods, and that of its
services."""
CGROUPS = Path("/sys/fs/cgroup")
_DNS = Path(__file__).with_name("dns.py")
_SUCCEEDS = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: succeeds}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Running]}
  next:
    statusTemplate: |
      phase: Succeeded
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        state:
          terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}
      {{ end }}
"""
"""A stage of simulated pods, in kwok's words."""
_started: dict[int, subprocess.Popen[bytes]] = {}
"""The processes that this one has started, by pid. They outlive the objects that did so, and many of them this
process."""
_UNCHECKED = ssl._create_unverified_context()


class Cluster:
    """One that lives in a folder, whoever started it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.kubeconfig = self.folder / "kubeconfig"

    @property
    def address(self) -> str:
        """The address of this machine in the network of the pods."""
        return f"198.18.{self._number}.1"

    @property
    def _number(self) -> int:
        return int((self.folder / "number").read_text())

    # Life

    def start(self) -> None:
        """Start the control plane and the node. Blocks."""
        program = components()
        (self.folder / "image").mkdir(parents=True)
        self._make_network()
        api, etcd, peer = _free_ports(3)
        server = f"https://{self.address}:{api}"
        self.kubeconfig.write_text(json.dumps(_kubeconfig(server)))
        (self.folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        for command in (["genrsa", "-out", "sa.key", "2048"], ["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"]):
            subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)
        clients, peers = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
        self._run(
            *("etcd", program, "etcd", "--data-dir=etcd", "--unsafe-no-fsync"),
            *(f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"),
            *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
            f"--initial-cluster=default={peers}",
        )
        self._until("etcd", lambda: _write(clients))
        self._run(
            *("apiserver", program, "apiserver", f"--etcd-servers={clients}", f"--bind-address={self.address}"),
            *(f"--secure-port={api}", "--cert-dir=certs", "--token-auth-file=tokens.csv", "--authorization-mode=RBAC"),
            *("--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key"),
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range=198.18.{128 + self._number}.0/24",
            "--kubelet-preferred-address-types=Hostname",
        )
        self._until("the API server", lambda: self.call("/readyz", raw=True))
        # Without these limits the scheduler binds no more than 50 pods a second.
        fast = ("--secure-port=0", "--leader-elect=false", "--kube-api-qps=500", "--kube-api-burst=1000")
        known = "--kubeconfig=kubeconfig"
        key = "--service-account-private-key-file=sa.key"
        trusted = "--root-ca-file=certs/apiserver.crt"
        self._run("controllers", program, "controller-manager", known, key, trusted, *fast)
        self._run("scheduler", program, "scheduler", known, *fast)
        self._until("its service account", lambda: self.call("/api/v1/namespaces/default/serviceaccounts/default"))
        self._start_node(program)

    def start_services(self) -> None:
        """Let names and addresses of services lead to their pods. One cluster of a machine can have that at a time."""
        program, known = components(), "--kubeconfig=kubeconfig"
        fast = ("--iptables-min-sync-period=0s", "--conntrack-max-per-core=0")
        health, metrics = (f"127.0.0.1:{port}" for port in _free_ports(2))
        local = (f"--healthz-bind-address={health}", f"--metrics-bind-address={metrics}", "--masquerade-all")
        self._run("proxy", program, "proxy", known, *fast, *local, f"--hostname-override={NODE}")
        self._run("dns", sys.executable, _DNS, self.address, self._server, TOKEN)

    def stop_services(self) -> None:
        self._end("dns")
        self._end("proxy")
        subprocess.run([components(), "proxy", "--cleanup"], check=False, capture_output=True)

    def _make_network(self) -> None:
        """Take the first number that is free, by making its bridge."""
        for number in range(1, 64):
            name = f"{BRIDGES}{number}"
            made = subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=False, capture_output=True)
            if made.returncode == 0:
                break
        else:
            raise RuntimeError(f"no bridge for a cluster could be made: {made.stderr.decode()}")
        (self.folder / "number").write_text(str(number))
        subprocess.run(["ip", "address", "add", f"{self.address}/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)

    def _start_node(self, program: Path) -> None:
        for name, content in _node_files(self.folder, self._number).items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        # A kubelet kills what it does not know in its cgroups, be it of another cluster on this machine.
        for group in self._cgroups:
            group.mkdir(exist_ok=True)
        self._run("containerd", "containerd", "-c", "containerd.toml")
        self._until("containerd", lambda: self._ctr("version"))
        self._load_pause()
        self._run(
            *("kubelet", program, "kubelet", "--config=kubelet.yaml", "--kubeconfig=kubeconfig"),
            *(f"--root-dir={self.folder}/kubelet", "--cert-dir=kubelet-pki", f"--hostname-override={NODE}"),
        )
        self._until("the node", self._is_node_ready)

    def stop(self) -> None:
        """Stop it, and everything that runs on it. Blocks."""
        if (self.folder / "containerd.sock").exists():
            self._end("kubelet")
            for task in self._ctr("-n", "k8s.io", "tasks", "ls", "-q").split():
                with contextlib.suppress(subprocess.CalledProcessError):
                    self._ctr("-n", "k8s.io", "tasks", "rm", "-f", task)
        for name in ("dns", "proxy", "kwok", "scheduler", "controllers", "apiserver", "containerd", "etcd"):
            self._end(name)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for path in sorted((each for each in mounts if each.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", path], check=False)
        subprocess.run(["ip", "link", "delete", f"{BRIDGES}{self._number}"], check=False, capture_output=True)
        groups = self._cgroups
        shutil.rmtree(self.folder, ignore_errors=True)
        for group in groups:
            _remove_cgroup(group)

    @property
    def _cgroups(self) -> list[Path]:
        """Those of its own, one for each controller."""
        return [controller / f"{BRIDGES}{self._number}" for controller in CGROUPS.iterdir() if controller.is_dir()]

    @property
    def _server(self) -> str:
        return json.loads(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]

    # Use

    def call(self, path: str, *, method: str = "GET", body: Any = None, raw: bool = False, kind: str = "") -> Any:
        """A request to the API server. Raises `urllib.error.HTTPError`."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind or "application/json"}
        request = urllib.request.Request(self._server + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=_UNCHECKED) as answer:
            text = answer.read()
        return text if raw else json.loads(text)

    def watch(self, path: str, since: str) -> Iterator[Any]:
        """The changes after a version, as they come, for ten minutes at most."""
        query = f"?watch=1&timeoutSeconds=600&resourceVersion={since}"
        request = urllib.request.Request(self._server + path + query, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, context=_UNCHECKED) as answer:
            yield from map(json.loads, answer)

    def find(self, path: str) -> Any:
        """An object, or None if it is not there."""
        try:
            return self.call(path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    @property
    def services(self) -> str:
        """An address for a service of a test."""
        return f"198.18.{128 + self._number}.80"

    def load(self, image: str, context: Path) -> None:
        """Make an image of a folder with a Dockerfile, and hand it to the node."""
        subprocess.run(
            ["podman", "--runtime", "runc", "build", "-q", "-t", image, context], check=True, capture_output=True
        )
        self.hand(image)

    def hand(self, image: str) -> None:
        """Give podman's image to the node."""
        archive = self.folder / "image.tar"
        archive.unlink(missing_ok=True)
        subprocess.run(
            ["podman", "save", "-q", "--format", "docker-archive", "-o", archive, image],
            check=True,
            capture_output=True,
        )
        self._ctr("-n", "k8s.io", "images", "import", str(archive))
        archive.unlink()

    def add_simulated_nodes(self, count: int) -> None:
        """Add nodes that only say that they run pods, with the label `type=kwok` and a taint of their own."""
        self.simulate_nodes()
        for number in range(count):
            self.add_simulated_node(f"simulated{number}", {"cpu": "1000", "memory": "1Ti", "pods": "2000"})

    def simulate_nodes(self) -> None:
        """Play the simulated nodes, those that are there and those that come."""
        self._run_kwok()

    def remove_node(self, name: str) -> None:
        """Remove a node if it is there."""
        with contextlib.suppress(urllib.error.HTTPError):
            self.call(f"/api/v1/nodes/{name}", method="DELETE")

    def add_simulated_node(
        self,
        name: str,
        room: dict[str, str],
        *,
        labels: dict[str, str] | None = None,
        taints: dict[str, str] | None = None,
        is_played: bool = True,
    ) -> None:
        """Add one with so much room, these labels and taints beside its own. One that is not played has told once that
        it is ready, and tells nothing more, nor of its pods."""
        all_taints = {"kwok.x-k8s.io/node": "fake", **(taints or {})}.items()
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": {"type": "kwok", **(labels or {})},
                "annotations": {"kwok.x-k8s.io/node": "fake"} if is_played else {},
            },
            "spec": {"taints": [{"key": key, "value": value, "effect": "NoSchedule"} for key, value in all_taints]},
            "status": {"allocatable": room, "capacity": room, "conditions": [] if is_played else [_ready()]},
        }
        self.call("/api/v1/nodes", method="POST", body=body)

    def end_simulated_pods(self) -> None:
        """Let the pods of simulated nodes succeed, those that run and those that will."""
        (self.folder / "stage.yaml").write_text(_SUCCEEDS)
        self._run_kwok("stage.yaml")

    # Processes

    def _run(self, name: str, *command: str | Path) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        _started[process.pid] = process
        (self.folder / f"{name}.pid").write_text(str(process.pid))

    def processes(self) -> dict[str, int]:
        """The ids of its processes, by name."""
        return {path.stem: int(path.read_text()) for path in self.folder.glob("*.pid")}

    def _run_kwok(self, *more: str) -> None:
        """Play the simulated nodes by the stages that come with kwok, and more."""
        self._end("kwok")
        program, stages = kwok()
        names = (
            "node/fast/node-initialize",
            "node/heartbeat/node-heartbeat",
            "pod/fast/pod-ready",
            "pod/fast/pod-delete",
        )
        files = [*(str(stages / f"{name}.yaml") for name in names), *more]
        configs = [f"--config={file}" for file in files]
        selector = "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake"
        self._run("kwok", program, "--kubeconfig=kubeconfig", selector, *configs)

    def _end(self, name: str) -> None:
        path = self.folder / f"{name}.pid"
        if not path.exists():
            return
        pid = int(path.read_text())
        path.unlink()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGTERM)
            until = time.monotonic() + STOP_S
            while time.monotonic() < until and _lives(pid):
                time.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
        if (process := _started.pop(pid, None)) is not None:
            process.wait()

    def _until(self, what: str, is_so: Callable[[], object]) -> None:
        until = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                if is_so():
                    return
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not come up in {START_S:g} s; see the logs in {self.folder}")
            time.sleep(0.1)

    def _is_node_ready(self) -> bool:
        conditions = self.call(f"/api/v1/nodes/{NODE}")["status"]["conditions"]
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def _ctr(self, *words: str) -> str:
        socket = str(self.folder / "containerd.sock")
        return subprocess.run(["ctr", "-a", socket, *words], check=True, capture_output=True, text=True).stdout

    def _load_pause(self) -> None:
        folder = self.folder / "image"
        shutil.copy("/bin/busybox", folder / "busybox")
        links = "".join(f"COPY busybox /bin/{name}\n" for name in ("busybox", "sh", "cp", "sleep", "dd", "touch"))
        entry = 'ENTRYPOINT ["/bin/busybox", "sleep", "2147483647"]\n'
        (folder / "Dockerfile").write_text(f"FROM scratch\n{links}{entry}")
        self.load(PAUSE, folder)


def _lives(pid: int) -> bool:
    """Whether a process runs. One that is a child of this process is waited for."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
    return Path(f"/proc/{pid}").exists()


def _remove_cgroup(group: Path) -> None:
    """Remove a cgroup and those inside it. The kernel keeps one for as long as processes end in it."""
    for folder, _, _ in os.walk(group, topdown=False):
        until = time.monotonic() + STOP_S
        while (path := Path(folder)).exists():
            try:
                path.rmdir()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


def _ready() -> Any:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "Ready", "status": "True", "lastHeartbeatTime": now, "lastTransitionTime": now}


def _write(etcd: str) -> bytes:
    """Write something before the API server reads, so that there is a version that is too old to watch from: 1."""
    body = {"key": base64.b64encode(b"tests").decode()}
    with urllib.request.urlopen(f"{etcd}/v3/kv/put", json.dumps(body).encode(), timeout=5) as answer:
        return answer.read()


def _free_ports(count: int) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        ports = [each.getsockname()[1] for each in sockets]
    return iter(ports)


def _kubeconfig(server: str) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }


def _node_files(folder: Path, number: int) -> dict[str, str]:
    """The settings of container runtime and kubelet: without the right to raise OOM scores, and on any cgroups."""
    network = {
        "cniVersion": "0.4.0",
        "name": "test",
        "plugins": [
            {
                "type": "bridge",
                "bridge": f"{BRIDGES}{number}",
                "isDefaultGateway": True,
                "ipMasq": False,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "subnet": f"198.18.{number}.0/24",
                    "rangeStart": f"198.18.{number}.2",
                    "dataDir": f"{folder}/addresses",
                },
            }
        ],
    }
    port, health = _free_ports(2)
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "127.0.0.1",
        "port": port,
        "healthzPort": health,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "podLogsDir": f"{folder}/pod-logs",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{BRIDGES}{number}",
        "failSwapOn": False,
        "failCgroupV1": False,
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "featureGates": {"KubeletInUserNamespace": True},
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "resolvConf": "",
        "clusterDNS": [f"198.18.{number}.1"],
        "clusterDomain": "cluster.local",
    }
    containerd = f"""version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
"""
    return {
        "cni/10-test.conflist": json.dumps(network),
        "kubelet.yaml": json.dumps(kubelet),
        "containerd.toml": containerd,
    }
