// Takes what the relay POSTs (QUEUE_URL=https://host/path#secret=whsec_…), and works on each id once.
// To adapt: work(), the settings, and where this stands behind TLS: the relay sends by plain http to loopback only.
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.standardwebhooks.Webhook;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.http.HttpHeaders;
import java.util.concurrent.Executors;
import redis.clients.jedis.JedisPooled;

public class HttpConsumer {
    /** What was taken and waits for its work, by id. Redis must keep it: appendonly yes. */
    static final String INBOX = "consumer:inbox";
    /** For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP. */
    static final long KEPT_S = 30 * 24 * 3600;
    static final int LARGEST_BODY = 32 * 1024 * 1024;
    static final JedisPooled STORE = new JedisPooled(System.getenv("REDIS_URL"));
    static final Webhook WEBHOOK = new Webhook(System.getenv("WEBHOOK_SECRET"));

    /** Yours. It may run again when this process dies in it, so let it do no harm twice. */
    static void work(JsonObject event) {
        System.out.printf("{\"worked\":%s,\"type\":%s}%n", event.get("id"), event.get("type"));
    }

    static int take(HttpExchange exchange) {
        String body;
        try {
            // What is cut off has no right signature.
            body = new String(exchange.getRequestBody().readNBytes(LARGEST_BODY), UTF_8);
            WEBHOOK.verify(body, HttpHeaders.of(exchange.getRequestHeaders(), (name, value) -> true));
        } catch (Exception error) {
            return 401;
        }
        try {
            // Only keeps it: the relay waits for the answer a few seconds, and the work may take longer.
            STORE.hsetnx(INBOX, JsonParser.parseString(body).getAsJsonObject().get("id").getAsString(), body);
            return 204;
        } catch (RuntimeException error) {
            System.err.println(error);
            return 503; // Anything but a 2xx, and the relay keeps the message and sends it again.
        }
    }

    /** One process does this: two would work on the same message. Messages come out in no order. */
    static void workOff() {
        for (var id : STORE.hkeys(INBOX)) {
            var seen = "consumer:seen:" + id;
            if (!STORE.exists(seen)) work(JsonParser.parseString(STORE.hget(INBOX, id)).getAsJsonObject());
            // Seen only now: were it noted before the work, a crash in between would lose the message. Together with the taking out, so that no repeat slips in.
            try (var both = STORE.multi()) {
                both.setex(seen, KEPT_S, "1");
                both.hdel(INBOX, id);
                both.exec();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(take(exchange), -1);
            exchange.close();
        });
        server.start();
        System.out.println("ready");
        for (;; Thread.sleep(500)) {
            try {
                workOff();
            } catch (RuntimeException error) {
                System.err.println(error); // It is tried again.
            }
        }
    }
}
