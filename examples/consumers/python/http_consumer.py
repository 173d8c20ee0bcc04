"""Takes what the relay POSTs (QUEUE_URL=https://host/path#secret=whsec_…), and works on each id once.

To adapt: work(), the settings, and where this stands behind TLS: the relay sends by plain http to loopback only.
"""

import json
import os
import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
DATABASE = os.environ.get("DATABASE", "consumer.sqlite")
LARGEST_BODY = 32 * 1024 * 1024


def work(db, event):
    """Yours. What it writes through db is kept together with the note that it is done, or not at all; all else may happen again when this process dies in it.
    Do what is slow before the first write: from then on nothing can be taken."""
    print(json.dumps({"worked": event["id"], "type": event["type"]}), flush=True)


def connect():
    db = sqlite3.connect(DATABASE, timeout=1)
    # A row stays when its work is done, for by it repeats are known: for longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP.
    db.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, event TEXT, done INTEGER NOT NULL DEFAULT 0)")
    return db


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        self.send_response(self.take())
        self.end_headers()

    def take(self):
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST_BODY:
            return 413
        body = self.rfile.read(length)
        try:
            webhook.verify(body, dict(self.headers), json_parse=False)
        except Exception:  # The library has more than one for a header that is no signature at all.
            return 401
        try:
            # Only keeps it: the relay waits for the answer a few seconds, and the work may take longer.
            with closing(connect()) as db, db:
                db.execute("INSERT OR IGNORE INTO inbox (id, event) VALUES (?, ?)", (json.loads(body)["id"], body.decode()))
            return 204
        except sqlite3.Error as error:
            print(error, flush=True)
            return 503  # Anything but a 2xx, and the relay keeps the message and sends it again.


def work_on(stop):
    """One process does this: two would work on the same message."""
    db = connect()
    while not stop.wait(0.5):
        for row, event in db.execute("SELECT id, event FROM inbox WHERE done = 0 ORDER BY rowid LIMIT 100").fetchall():
            try:
                # One transaction. Were the note made before the work, and apart from it, a crash in between would lose the message.
                with db:
                    work(db, json.loads(event))
                    db.execute("UPDATE inbox SET done = 1, event = NULL WHERE id = ?", (row,))
            except Exception as error:
                print(error, flush=True)


threading.Thread(target=work_on, args=[threading.Event()], daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler)
print("ready", flush=True)
server.serve_forever()
