//! What nginx does with `deploy/nginx`, before replicas that are scripted. All of it is in the tests.
