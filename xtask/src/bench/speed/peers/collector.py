"""Takes spans by OTLP and writes each to a file as a line of JSON. Prints its address, and ends with its input."""

import json
import sys
from concurrent import futures

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

told = open(sys.argv[1], "w")


class Collector(service.TraceServiceServicer):
    def Export(self, request, context):
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    tell(span)
        told.flush()
        return messages.ExportTraceServiceResponse()


def tell(span):
    begin, end = span.start_time_unix_nano, span.end_time_unix_nano
    json.dump({"run": span.trace_id.hex(), "name": span.name, "begin": begin, "end": end}, told)
    told.write("\n")


server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
service.add_TraceServiceServicer_to_server(Collector(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"http://127.0.0.1:{port}", flush=True)
sys.stdin.read()
