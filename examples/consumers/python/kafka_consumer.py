"""Takes the relay's messages out of a topic of Kafka (QUEUE_URL=kafka://…/videos), and works on each id once. One object's messages come in their order.

To adapt: work(), the settings (sasl and TLS, as in QUEUE_URL), and what is to become of a message that fails for good: it holds up its partition.
"""

import json
import os
import time

import redis
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

BROKERS = os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092").split(",")
TOPIC = os.environ.get("TOPIC", "videos")
GROUP = os.environ.get("GROUP", "workers")
# Longer than the longest work: after so long another may take over what a process that died has begun.
LEASE_S = int(os.environ.get("LEASE_S", "60"))
# For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP.
KEPT_S = 30 * 24 * 3600
store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), decode_responses=True)


def work(event):
    """Yours. It may run again when this process dies in it, so let it do no harm twice. Longer than 5 minutes: raise max_poll_interval_ms."""
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


# The topic must exist: the relay creates none.
consumer = KafkaConsumer(
    TOPIC,
    bootstrap_servers=BROKERS,
    group_id=GROUP,
    enable_auto_commit=False,
    auto_offset_reset="earliest",
    max_poll_records=1,
)
print("ready", flush=True)
for message in consumer:
    event = json.loads(message.value)
    while not once(event):
        time.sleep(1)
    # Acknowledged after the work alone.
    consumer.commit({TopicPartition(message.topic, message.partition): OffsetAndMetadata(message.offset + 1, "", -1)})
