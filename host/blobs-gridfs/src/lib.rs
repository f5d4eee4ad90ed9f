//! Blobs of Simulay in GridFS.
