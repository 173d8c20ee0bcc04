"""Takes the relay's messages out of a queue of RabbitMQ (QUEUE_URL=amqp://…?queue=videos), and works on each id once.

To adapt: work(), the settings, and what is to become of a message that fails for good: without a dead-letter exchange it comes back for ever.
"""

import json
import os
import time

import pika
import redis

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F")
QUEUE = os.environ.get("QUEUE", "videos")
# Longer than the longest work: after so long another may take over what a process that died has begun.
LEASE_S = int(os.environ.get("LEASE_S", "60"))
# For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP.
KEPT_S = 30 * 24 * 3600
store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), decode_responses=True)


def work(event):
    """Yours. It may run again when this process dies in it, so let it do no harm twice. Longer than the heartbeat (60 s): do it in a thread."""
    print(json.dumps({"worked": event["id"], "type": event["type"]}), flush=True)


def once(event):
    """Whether it is done, now or before; False: another process is at it, or it failed."""
    seen = "consumer:seen:" + event["id"]
    if not store.set(seen, "working", nx=True, ex=LEASE_S):
        return store.get(seen) == "done"
    try:
        work(event)
        # Only after the work: were it noted before, a crash in between would lose the message. (Work that writes to a database is better off to insert
        # the id in the same transaction.)
        store.set(seen, "done", ex=KEPT_S)
        return True
    except Exception as error:
        print(error, flush=True)
        store.delete(seen)
        return False


def consume():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    # As declare=1 of the relay makes it: whoever comes first.
    channel.queue_declare(QUEUE, durable=True)
    channel.basic_qos(prefetch_count=1)
    print("ready", flush=True)
    for method, _, body in channel.consume(QUEUE):
        # Acknowledged after the work alone.
        if once(json.loads(body)):
            channel.basic_ack(method.delivery_tag)
        else:
            connection.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)


while True:
    try:
        consume()
    except (pika.exceptions.AMQPError, redis.RedisError) as error:
        print(repr(error), flush=True)
        time.sleep(1)
