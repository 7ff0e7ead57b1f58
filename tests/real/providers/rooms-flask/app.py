# mypy: ignore-errors
"""The API of ../rooms/openapi.yaml in Flask, in memory."""

import os

import bookings  # noqa: F401 - its routes
import buildings  # noqa: F401 - its routes
from web import app
from werkzeug.serving import WSGIRequestHandler, make_server

WSGIRequestHandler.protocol_version = "HTTP/1.1"
WSGIRequestHandler.log_request = lambda *_: None
make_server("127.0.0.1", int(os.environ["PORT"]), app, threaded=True).serve_forever()
