// Takes the relay's messages out of a stream of Redis (QUEUE_URL=redis://…?stream=videos), and works on each id once. It ends when Redis is lost: let it be started again.
// To adapt: work(), the settings (NAME: one for each process), and what is to become of a message that fails for good: it is tried again for ever.
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.Map;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;

public class RedisConsumer {
    /** Longer than the longest work: after so long another takes over what a process that died has begun. */
    static final long LEASE_S = 60;
    /** For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP. */
    static final long KEPT_S = 30 * 24 * 3600;
    static final JedisPooled STORE = new JedisPooled(System.getenv("REDIS_URL"));
    static final String STREAM = System.getenv("STREAM"), GROUP = System.getenv("GROUP"), NAME = System.getenv("NAME");

    /** Yours. It may run again when this process dies in it, so let it do no harm twice. */
    static void work(JsonObject event) {
        System.out.printf("{\"worked\":%s,\"type\":%s}%n", event.get("id"), event.get("type"));
    }

    static void handle(StreamEntry entry) {
        var event = JsonParser.parseString(entry.getFields().get("event")).getAsJsonObject();
        var seen = "consumer:seen:" + event.get("id").getAsString();
        if (STORE.set(seen, "working", SetParams.setParams().nx().ex(LEASE_S)) == null) {
            // Done before: a repeat. Else another process is at it: the entry stays pending, and is claimed again below.
            if ("done".equals(STORE.get(seen))) STORE.xack(STREAM, GROUP, entry.getID());
            return;
        }
        try {
            work(event);
            // Only after the work: were it noted before, a crash in between would lose the message. Together with the acknowledgement.
            try (var both = STORE.multi()) {
                both.setex(seen, KEPT_S, "done");
                both.xack(STREAM, GROUP, entry.getID());
                both.exec();
            }
        } catch (RuntimeException error) {
            System.err.println(error);
            STORE.del(seen);
        }
    }

    public static void main(String[] args) {
        try {
            STORE.xgroupCreate(STREAM, GROUP, new StreamEntryID("0-0"), true);
        } catch (JedisDataException error) {
            // The group is there already, and goes on where it was.
            if (!error.getMessage().startsWith("BUSYGROUP")) throw error;
        }
        System.out.println("ready");
        var cursor = new StreamEntryID("0-0");
        while (true) {
            // What a process took and never acknowledged, as it died or failed. The cursor goes round: there may be more than one answer holds.
            var stale = STORE.xautoclaim(STREAM, GROUP, NAME, LEASE_S * 1000, cursor, new XAutoClaimParams().count(10));
            cursor = stale.getKey();
            stale.getValue().forEach(RedisConsumer::handle);
            var fresh = STORE.xreadGroup(GROUP, NAME, new XReadGroupParams().count(10).block(1000),
                    Map.of(STREAM, StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
            if (fresh != null) fresh.forEach(one -> one.getValue().forEach(RedisConsumer::handle));
        }
    }
}
