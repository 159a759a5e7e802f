"""A run that failed or healed → OpenTelemetry spans, over OTLP/HTTP, by the extra `otel`.

One span for the run, a child for each attempt. Where the extra is missing or nothing is configured, nothing happens.
Names of attributes follow the semantic conventions for CI/CD and VCS (opentelemetry.io, "Semantic conventions for CICD").
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

MOST_S = 2.0
"""Seconds until guard goes on, whatever the collector does."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_MOST_EVIDENCE = 3
_BILLION = 1_000_000_000


def wanted(env: Mapping[str, str]) -> bool:
    """Whether an endpoint is configured, and traces are not switched off by the standard variables."""
    off = env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER", "otlp") not in ("otlp", "")
    return not off and any(env.get(name) for name in _ENDPOINTS)


def obstacle(env: Mapping[str, str]) -> str:
    """Why what is wanted cannot be done, in one clause; "" where it can."""
    if not _installed():
        return "the extra is missing: pip install 'pipeguard[otel]'"
    protocol = next((env[name] for name in _PROTOCOLS if env.get(name)), "http/protobuf")
    return "" if protocol == "http/protobuf" else f"protocol {protocol[:40]} is not spoken: http/protobuf is"


def _installed() -> bool:
    try:
        return all(find_spec(name) for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"))
    except ImportError:
        # Of a name inside what is missing.
        return False


def export(document: Mapping[str, Any], starts: Sequence[str], env: Mapping[str, str], most_s: float = MOST_S) -> bool:
    """Send the spans of a masked `pipeguard.run/1` document; `starts`: when each attempt began, ISO 8601.

    Returns whether they were taken within `most_s`; what takes longer is left to die with the process.
    """
    import logging

    # What the library has to complain about is nobody's news in a build's log.
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    taken: list[bool] = []

    def work() -> None:
        try:
            taken.append(_send(spans(document, starts, env), most_s))
        except Exception:
            # The collector's fault or the library's: in a thread it would be printed.
            taken.append(False)

    thread = threading.Thread(target=work, name="pipeguard-otel", daemon=True)
    thread.start()
    thread.join(most_s)
    return taken == [True]


def spans(document: Mapping[str, Any], starts: Sequence[str], env: Mapping[str, str]) -> list[ReadableSpan]:
    """The spans, children first; none where the sampler of the environment takes none."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Status, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    class Keep(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    ended: list[ReadableSpan] = []
    resource = {"service.name": env.get("OTEL_SERVICE_NAME") or "pipeguard"}
    provider = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
    provider.add_span_processor(Keep())
    tracer = provider.get_tracer("pipeguard")
    carrier = {name: env[name.upper()] for name in ("traceparent", "tracestate") if env.get(name.upper())}
    begin = _nanoseconds(document["started_at"])
    run = tracer.start_span(
        "guard run", context=TraceContextTextMapPropagator().extract(carrier), start_time=begin, attributes=_run(document)
    )
    context = set_span_in_context(run)
    end = begin
    for attempt, started in zip(document["attempts"], starts, strict=True):
        # Starts are known to the second: an attempt begins no earlier than the one before it ended.
        at = max(_nanoseconds(started), end)
        end = at + _length(attempt["duration_s"])
        child = tracer.start_span(f"attempt {attempt['number']}", context=context, start_time=at, attributes=_attempt(attempt))
        for one in ((attempt["diagnosis"] or {}).get("evidence") or ())[:_MOST_EVIDENCE]:
            child.add_event("evidence", {"line": one["line"], "text": one["text"]}, timestamp=end)
        if attempt["exit_code"] or attempt["ended"] != "exited":
            child.set_status(Status(StatusCode.ERROR, (attempt["diagnosis"] or {}).get("label", attempt["ended"])))
        child.end(end)
    if document["exit_code"]:
        run.set_status(Status(StatusCode.ERROR, f"exit code {document['exit_code']}"))
    run.end(max(begin + _length(document["duration_s"]), end))
    return ended


def _send(found: list[ReadableSpan], most_s: float) -> bool:
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    if not found:
        return True
    session = requests.Session()
    # Headers of the environment may hold a token: they go to the endpoint and nowhere else.
    session.max_redirects = 0
    exporter = OTLPSpanExporter(timeout=max(round(most_s), 1), session=session)
    return exporter.export(found) is SpanExportResult.SUCCESS


def _run(document: Mapping[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "cicd.pipeline.name": document.get("project"),
            "cicd.pipeline.run.id": document["id"],
            "cicd.pipeline.result": "failure" if document["exit_code"] else "success",
            "vcs.ref.head.name": document.get("branch"),
            "vcs.ref.head.revision": document.get("commit"),
            "pipeguard.status": document["status"],
            "pipeguard.exit_code": document["exit_code"],
            "pipeguard.platform": document["platform"],
            "pipeguard.command": document.get("command"),
            "pipeguard.attempts": len(document["attempts"]),
            "pipeguard.healed_by": document["healed_by"],
            "pipeguard.rescued_s": float(document["rescued_s"]),
            "pipeguard.wasted_s": float(document["wasted_s"]),
        }
    )


def _attempt(attempt: Mapping[str, Any]) -> dict[str, Any]:
    found, decided = attempt["diagnosis"] or {}, attempt["plan"] or {}
    return _present(
        {
            "pipeguard.attempt": attempt["number"],
            "pipeguard.exit_code": attempt["exit_code"],
            "pipeguard.signal": attempt["signal"],
            "pipeguard.ended": attempt["ended"],
            "pipeguard.label": found.get("label"),
            "pipeguard.family": found.get("family"),
            "pipeguard.probability": found.get("probability"),
            "pipeguard.source": found.get("source"),
            "pipeguard.fingerprint": found.get("fingerprint"),
            "pipeguard.decision": decided.get("decision"),
            "pipeguard.remedies": [one["name"] for one in decided.get("remedies", ())],
        }
    )


def _present(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value not in (None, "", [])}


def _nanoseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * _BILLION)


def _length(seconds: float) -> int:
    return int(seconds * _BILLION)
