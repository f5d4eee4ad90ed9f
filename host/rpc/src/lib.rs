//! The ports of containers and of the sandbox over gRPC with mutual TLS.
