// Takes the relay's messages out of a queue of RabbitMQ (QUEUE_URL=amqp://…?queue=videos), and works on each id once. A connection that is lost comes back by itself.
// To adapt: work(), the settings, and what is to become of a message that fails for good: without a dead-letter exchange it comes back for ever.
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.rabbitmq.client.ConnectionFactory;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.params.SetParams;

public class AmqpConsumer {
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

    public static void main(String[] args) throws Exception {
        var factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        var channel = factory.newConnection().createChannel();
        // As declare=1 of the relay makes it: whoever comes first.
        channel.queueDeclare(System.getenv("QUEUE"), true, false, false, null);
        channel.basicQos(1);
        channel.basicConsume(System.getenv("QUEUE"), false, (tag, message) -> {
            var delivery = message.getEnvelope().getDeliveryTag();
            // Acknowledged after the work alone.
            if (once(new String(message.getBody(), UTF_8))) {
                channel.basicAck(delivery, false);
            } else {
                pause();
                channel.basicNack(delivery, false, true);
            }
        }, tag -> System.exit(1));
        System.out.println("ready");
    }

    static void pause() {
        try {
            Thread.sleep(1000);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
