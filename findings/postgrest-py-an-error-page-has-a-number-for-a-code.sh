#!/usr/bin/env bash
# postgrest (Python): the code of an error
#
# A good guess: APIError.code is text: a SQLSTATE or PGRST…, as its annotation says.
# What it does: for an answer that is no JSON, such as the page of a gateway, it is the HTTP status as an int.
# Versions: postgrest==2.34.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check postgrest==2.34.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
import http.server
import threading
from importlib.metadata import version

from postgrest import APIError, SyncPostgrestClient


class Gateway(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(502)
        self.end_headers()
        self.wfile.write(b"<html>Bad gateway</html>")

    def log_message(self, *_):
        pass


gateway = http.server.HTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=gateway.serve_forever, daemon=True).start()
try:
    SyncPostgrestClient(f"http://127.0.0.1:{gateway.server_port}").rpc("f", {}).execute()
except APIError as error:
    print("postgrest", version("postgrest"), "->", repr(error.code), error.message)
    assert error.code == 502
PYTHON
