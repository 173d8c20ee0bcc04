// Takes the relay's messages out of a topic of Kafka (QUEUE_URL=kafka://…/videos), and works on each id once. One object's messages come in their order.
// To adapt: work(), the settings (SASL and TLS, as in QUEUE_URL), and what is to become of a message that fails for good: it holds up its partition.
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.params.SetParams;

public class KafkaConsumer {
    /** Longer than the longest work: after so long another may take over what a process that died has begun. */
    static final long LEASE_S = 60;
    /** For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP. */
    static final long KEPT_S = 30 * 24 * 3600;
    static final JedisPooled STORE = new JedisPooled(System.getenv("REDIS_URL"));

    /** Yours. It may run again when this process dies in it, so let it do no harm twice. */
    static void work(JsonObject event) {
        System.out.printf("{\"worked\":%s,\"type\":%s}%n", event.get("id"), event.get("type"));
    }

    /** Whether it is done, now or before; false: another process is at it, or it failed. */
    static boolean once(String text) {
        var event = JsonParser.parseString(text).getAsJsonObject();
        var seen = "consumer:seen:" + event.get("id").getAsString();
        if (STORE.set(seen, "working", SetParams.setParams().nx().ex(LEASE_S)) == null) {
            return "done".equals(STORE.get(seen));
        }
        try {
            work(event);
            // Only after the work: were it noted before, a crash in between would lose the message. (Work that writes to a database is better off to insert
            // the id in the same transaction.)
            STORE.setex(seen, KEPT_S, "done");
            return true;
        } catch (RuntimeException error) {
            System.err.println(error);
            STORE.del(seen);
            return false;
        }
    }

    public static void main(String[] args) throws InterruptedException {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", System.getenv("KAFKA_BROKERS"),
                "group.id", System.getenv("GROUP"),
                "enable.auto.commit", false,
                "auto.offset.reset", "earliest",
                // Work on one may take as long as max.poll.interval.ms (5 minutes).
                "max.poll.records", 1);
        try (var consumer = new org.apache.kafka.clients.consumer.KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            // The topic must exist: the relay creates none.
            consumer.subscribe(List.of(System.getenv("TOPIC")));
            System.out.println("ready");
            while (true) {
                for (var message : consumer.poll(Duration.ofSeconds(1))) {
                    while (!once(message.value())) Thread.sleep(1000);
                    // Acknowledged after the work alone.
                    var partition = new TopicPartition(message.topic(), message.partition());
                    consumer.commitSync(Map.of(partition, new OffsetAndMetadata(message.offset() + 1)));
                }
            }
        }
    }
}
