//! What is generated of the protocol files.

#![expect(unreachable_pub, reason = "the protocol files tell what these are")]
#![allow(clippy::all, clippy::allow_attributes_without_reason, reason = "nobody writes this code")]

tonic::include_proto!("simulay.v1");
