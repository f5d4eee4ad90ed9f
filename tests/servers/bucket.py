"""An S3-compatible server whose clock a test sets ahead: moto, which has no such setting."""

import sys
from datetime import timedelta
from pathlib import Path

import moto.s3.models
from moto.core.utils import utcnow
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

AHEAD = Path("seconds-ahead")


def shifted():
    return utcnow() + timedelta(seconds=int(AHEAD.read_text() or 0))


moto.s3.models.utcnow = shifted
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=True)
