"""tipg before PostGIS, on a port of its own choice: tipg_serve.py URL. Says where it listens as the program's log does."""

import json
import os
import socket
import sys

os.environ["DATABASE_URL"] = sys.argv[1]
os.environ["TIPG_DB_SCHEMAS"] = '["public"]'

import uvicorn  # noqa: E402
from tipg.main import app  # noqa: E402


class Said(uvicorn.Server):
    """Says that it is ready once it is."""

    async def startup(self, sockets=None):
        await super().startup(sockets)
        address = "{}:{}".format(*sockets[0].getsockname())
        print(json.dumps({"message": "listening", "address": address}), file=sys.stderr)
        print(json.dumps({"message": "ready"}), file=sys.stderr, flush=True)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
Said(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
