//! Records of Simulay in MongoDB.
