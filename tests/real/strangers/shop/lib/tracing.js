// Traces of requests in and out, exported where OTEL_EXPORTER_OTLP_ENDPOINT points. Import it before anything else.
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const UNTRACED = new Set(["/healthz", "/metrics"]);

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop" }),
  spanProcessors: process.env.OTEL_EXPORTER_OTLP_ENDPOINT ? [new BatchSpanProcessor(new OTLPTraceExporter())] : [],
});
provider.register();
registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation({ ignoreIncomingRequestHook: (request) => UNTRACED.has(request.url) }),
    new UndiciInstrumentation(),
  ],
});
const tracer = trace.getTracer("shop");

export const endTracing = () => provider.shutdown().catch(() => {});

// The trace of the request at hand, to be stored with an event.
export function traceparent() {
  const carrier = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? null;
}

// Does the work in a span; `parent` is the traceparent of what caused it.
export function traced(name, { kind = SpanKind.INTERNAL, attributes, parent }, work) {
  const cause = parent ? propagation.extract(ROOT_CONTEXT, { traceparent: parent }) : context.active();
  return tracer.startActiveSpan(name, { kind, attributes }, cause, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}
