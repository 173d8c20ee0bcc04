"""Takes the relay's messages out of a stream of Redis (QUEUE_URL=redis://…?stream=videos), and works on each id once.

To adapt: work(), the settings (NAME: one for each process), and what is to become of a message that fails for good: it is tried again for ever.
"""

import json
import os
import socket
import time

import redis

STREAM = os.environ.get("STREAM", "videos")
GROUP = os.environ.get("GROUP", "workers")
NAME = os.environ.get("NAME", socket.gethostname())
# Longer than the longest work: after so long another takes over what a process that died has begun.
LEASE_S = int(os.environ.get("LEASE_S", "60"))
# For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP.
KEPT_S = 30 * 24 * 3600
store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), decode_responses=True)


def work(event):
    """Yours. It may run again when this process dies in it, so let it do no harm twice."""
    print(json.dumps({"worked": event["id"], "type": event["type"]}), flush=True)


def handle(entry, fields):
    # Without fields: maxlen= has taken the entry away meanwhile.
    if not fields:
        return store.xack(STREAM, GROUP, entry)
    event = json.loads(fields["event"])
    seen = "consumer:seen:" + event["id"]
    if not store.set(seen, "working", nx=True, ex=LEASE_S):
        # Done before: a repeat. Else another process is at it: the entry stays pending, and is claimed again below.
        return store.xack(STREAM, GROUP, entry) if store.get(seen) == "done" else None
    try:
        work(event)
        # Only after the work: were it noted before, a crash in between would lose the message. Together with the acknowledgement.
        store.pipeline(transaction=True).set(seen, "done", ex=KEPT_S).xack(STREAM, GROUP, entry).execute()
    except Exception as error:
        print(error, flush=True)
        store.delete(seen)


def begin():
    try:
        store.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        # The group is there already, and goes on where it was.
        if "BUSYGROUP" not in str(error):
            raise
    print("ready", flush=True)


begin()
cursor = "0-0"
while True:
    try:
        # What a process took and never acknowledged, as it died or failed. The cursor goes round: there may be more than one answer holds.
        cursor, stale, *_ = store.xautoclaim(STREAM, GROUP, NAME, LEASE_S * 1000, cursor, count=10)
        answer = store.xreadgroup(GROUP, NAME, {STREAM: ">"}, count=10, block=1000)
        for entry, fields in stale + [one for _, entries in answer for one in entries]:
            handle(entry, fields)
    except redis.RedisError as error:
        print(repr(error), flush=True)
        time.sleep(1)
