"""A program without Weir's SDK that is a full citizen of Weir: OpenTelemetry spans with Weir's attributes.

    python main.py              a flow of its own: nested steps, a retry, an event, labels
    python main.py serve 8080   a service that continues the flow of whoever calls it
"""
import os
import sys
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry import baggage, context, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


class WeirBaggage(SpanProcessor):
    """Puts the flow that is in the baggage on each span of Weir's: the step in there is the one around it."""

    def on_start(self, span, parent_context=None):
        if "weir.kind" not in span.attributes:
            return
        for key, value in baggage.get_all(parent_context).items():
            if key.startswith("weir."):
                span.set_attribute("weir.step.parent_id" if key == "weir.step.id" else key, value)


provider = TracerProvider(
    resource=Resource.create({"service.name": "billing-python", "service.instance.id": str(uuid.uuid4())})
)
provider.add_span_processor(WeirBaggage())
endpoint = os.environ.get("WEIR_ENDPOINT", "http://127.0.0.1:4318")
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
tracer = provider.get_tracer("plain-otel-python")


@contextmanager
def flow(name, tenant, labels=None):
    """A flow of our own. Its identity goes into the baggage, and from there onto every span within."""
    identity = {"weir.flow.id": str(uuid.uuid4()), "weir.flow.name": name, "weir.tenant": tenant}
    identity |= {f"weir.label.{key}": value for key, value in (labels or {}).items()}
    with carrying(identity), span(name, {"weir.kind": "flow"}):
        yield identity["weir.flow.id"]


@contextmanager
def step(name, attempt=1, optional=False, **attributes):
    """The span's name is the step's. Steps within, and in whatever is called from here, hang below it."""
    step_id = uuid.uuid4().hex
    ours = {"weir.kind": "step", "weir.step.id": step_id, "weir.step.attempt": attempt, "weir.step.optional": optional}
    with span(name, {**attributes, **ours}), carrying({"weir.step.id": step_id}):
        yield


def event(name, **attributes):
    """A point in time: a span without length."""
    tracer.start_span(name, attributes={**attributes, "weir.kind": "event"}).end()


@contextmanager
def span(name, attributes):
    """What is raised within becomes the span's exception and sets its status to ERROR: it has failed."""
    with tracer.start_as_current_span(name, attributes=attributes) as opened:
        # A copy sent at the start shows the work while it goes on; without it, it appears when it ends.
        at = opened.start_time
        tracer.start_span(name, attributes={**attributes, "weir.pending": True}, start_time=at).end(at)
        yield


@contextmanager
def carrying(members):
    ctx = context.get_current()
    for key, value in members.items():
        ctx = baggage.set_baggage(key, value, ctx)
    token = context.attach(ctx)
    try:
        yield
    finally:
        context.detach(token)


def send_invoices():
    with flow("send_invoices", tenant="acme-corp", labels={"env": "demo", "language": "python"}) as flow_id:
        with step("collect", customers=3):
            with step("read_usage"):
                time.sleep(0.05)
            with step("apply_prices"):
                time.sleep(0.05)
        event("prices applied", currency="EUR")
        for attempt in (1, 2):
            try:
                with step("charge", attempt=attempt):
                    charge(attempt)
                break
            except ConnectionError:
                pass
    print(f"sent flow {flow_id} of acme-corp")


def charge(attempt):
    if attempt == 1:
        raise ConnectionError("card declined: insufficient funds")


class Charge(BaseHTTPRequestHandler):
    """Continues the caller's flow: nothing is opened here but steps."""

    def do_POST(self):
        headers = {key.lower(): value for key, value in self.headers.items()}
        ctx = TraceContextTextMapPropagator().extract(headers)
        token = context.attach(W3CBaggagePropagator().extract(headers, ctx))
        try:
            with step("charge"):
                with step("ask_bank"):
                    time.sleep(0.02)
                event("charged", cents=990)
        finally:
            context.detach(token)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        server = HTTPServer(("127.0.0.1", int(sys.argv[2])), Charge)
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
    else:
        send_invoices()
    provider.shutdown()
