"""Spans at a receiver of OTLP/HTTP on this machine: what arrives, and that nothing of it touches the run."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from guard.report import otel

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Receiver:
    """What a collector would see."""

    port: int
    status: int = 200
    delay_s: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    @property
    def spans(self) -> list[Any]:
        return [span for request in self.requests for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            found.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            found.requests.append(ExportTraceServiceRequest.FromString(body))
            time.sleep(found.delay_s)
            self.send_response(found.status)
            if found.status in (307, 302):
                self.send_header("Location", f"http://localhost:{found.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            del words

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found = Receiver(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{found.port}")
        yield found
        server.shutdown()


def document(status: str = "healed") -> dict[str, Any]:
    diagnosis = {
        "label": "disk_full", "family": "resources", "probability": 0.97, "source": "signature:enospc", "fingerprint": "f" * 16,
        "evidence": [{"line": 7, "text": "No space left on device", "rank": "primary"}],
    }  # fmt: skip
    plan = {"decision": "heal", "remedies": [{"name": "free_disk"}]}
    first = {"number": 1, "exit_code": 1, "signal": None, "ended": "exited", "duration_s": 10.0, "diagnosis": diagnosis, "plan": plan}
    second = {"number": 2, "exit_code": 0 if status == "healed" else 9, "signal": None, "ended": "exited", "duration_s": 5.0, "diagnosis": None, "plan": None}
    return {
        "id": "r1", "status": status, "exit_code": second["exit_code"], "platform": "github", "command": ["make", "test"], "project": "o/shop",
        "started_at": "2026-11-24T10:00:00+00:00", "duration_s": 16.0, "healed_by": ["free_disk"], "attempts": [first, second],
        "rescued_s": 3.0, "wasted_s": 1.0,
    }  # fmt: skip


STARTS = ("2026-11-24T10:00:00+00:00", "2026-11-24T10:00:10+00:00")
BEGIN = 1795514400


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_a_span_for_the_run_and_a_child_for_each_attempt(receiver: Receiver) -> None:
    assert otel.export(document(), STARTS, {}, 20.0)
    assert [path for path, _ in receiver.asked] == ["/v1/traces"]
    first, second, run = receiver.spans
    assert [span.name for span in (first, second, run)] == ["attempt 1", "attempt 2", "guard run"]
    assert first.parent_span_id == second.parent_span_id == run.span_id
    assert len({span.trace_id for span in (first, second, run)}) == 1
    assert (run.start_time_unix_nano, run.end_time_unix_nano) == (BEGIN * 10**9, (BEGIN + 16) * 10**9)
    assert (second.start_time_unix_nano, second.end_time_unix_nano) == ((BEGIN + 10) * 10**9, (BEGIN + 15) * 10**9)
    assert (first.status.code, second.status.code, run.status.code) == (2, 0, 0)
    assert attributes(run)["cicd.pipeline.result"] == "success"
    assert attributes(run)["cicd.pipeline.name"] == "o/shop"
    assert attributes(first)["pipeguard.label"] == "disk_full"
    assert [event.name for event in first.events] == ["evidence"]


def test_a_red_run_is_an_error(receiver: Receiver) -> None:
    assert otel.export(document("failed"), STARTS, {}, 20.0)
    assert receiver.spans[-1].status.code == 2
    assert attributes(receiver.spans[-1])["pipeguard.exit_code"] == 9


def test_the_ci_s_own_trace_is_continued(receiver: Receiver) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert otel.export(document(), STARTS, {"TRACEPARENT": parent}, 20.0)
    run = receiver.spans[-1]
    assert (run.trace_id.hex(), run.parent_span_id.hex()) == (parent.split("-")[1], parent.split("-")[2])


def test_a_slow_collector_is_left_behind(receiver: Receiver) -> None:
    receiver.delay_s = 5.0
    assert otel.export(document(), STARTS, {}, 0.2) is False


@pytest.mark.parametrize("status", [400, 503, 307])
def test_a_collector_that_will_not_is_no_fault(receiver: Receiver, status: int, capfd: pytest.CaptureFixture[str]) -> None:
    receiver.status = status
    assert otel.export(document(), STARTS, {}, 2.0) is False
    assert {path for path, _ in receiver.asked} == {"/v1/traces"}
    assert capfd.readouterr() == ("", "")


def test_an_endpoint_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert otel.export(document(), STARTS, {}, 1.0) is False
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_only_where_it_is_configured(env: dict[str, str], wanted: bool) -> None:
    assert otel.wanted(env) is wanted


def test_another_protocol_is_named() -> None:
    assert otel.obstacle({}) == ""
    assert "grpc" in otel.obstacle({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})


def guarded(guard: list[str], folder: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / ".git").mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "OTEL_EXPORTER_OTLP_ENDPOINT") if name in os.environ}
    variables = {**kept, "HOME": str(folder / "home"), "no_proxy": "127.0.0.1", **env}
    return subprocess.run([*guard, "run", "-c", command], cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=90)


def test_a_red_run_is_exported_masked_and_keeps_its_result(receiver: Receiver, guard: list[str], tmp_path: Path) -> None:
    done = guarded(guard, tmp_path, "echo 'fatal: token hunter2hunter2'; exit 5", DEPLOY_TOKEN="hunter2hunter2", GIT_BRANCH="main")
    assert (done.returncode, done.stdout) == (5, "fatal: token hunter2hunter2\n")
    [_, run] = receiver.spans
    assert attributes(run)["pipeguard.exit_code"] == 5
    assert attributes(run)["vcs.ref.head.name"] == "main"
    assert "hunter2" not in str(receiver.requests)


def test_a_pass_exports_nothing(receiver: Receiver, guard: list[str], tmp_path: Path) -> None:
    assert guarded(guard, tmp_path, "true").returncode == 0
    assert receiver.asked == []


def test_a_collector_that_never_answers_changes_nothing(receiver: Receiver, guard: list[str], tmp_path: Path) -> None:
    receiver.delay_s = 60.0
    done = guarded(guard, tmp_path, "exit 5")
    assert done.returncode == 5
    assert "internal fault" not in done.stderr
