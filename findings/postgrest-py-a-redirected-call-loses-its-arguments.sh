#!/usr/bin/env bash
# postgrest (Python): a call that is answered with a redirect, as by http:// that leads to https://
#
# A good guess: the same POST goes to the new place, or it is an error.
# What it does: of 301 and 302 it becomes a GET without the arguments, whose answer counts; of 307 and 308 it is the same POST.
# Versions: postgrest==2.34.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check postgrest==2.34.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
import http.server
import json
import threading
from importlib.metadata import version

from postgrest import SyncPostgrestClient

arrived = []


class Moved(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/rpc/"):
            self.send_response(int(self.path.removeprefix("/rpc/")))
            self.send_header("location", "/moved")
            self.end_headers()
            return
        arrived.append((self.command, sent))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"done": True}).encode())

    do_GET = do_POST

    def log_message(self, *_):
        pass


api = http.server.HTTPServer(("127.0.0.1", 0), Moved)
threading.Thread(target=api.serve_forever, daemon=True).start()
client = SyncPostgrestClient(f"http://127.0.0.1:{api.server_port}")
print("postgrest", version("postgrest"))
for status in (301, 302, 307, 308):
    answer = client.rpc(str(status), {"percentage": 5}).execute()
    print(status, "->", answer.data, "after", arrived[-1])
    assert answer.data == {"done": True}
assert arrived == 2 * [("GET", b"")] + 2 * [("POST", b'{"percentage":5}')]
PYTHON
