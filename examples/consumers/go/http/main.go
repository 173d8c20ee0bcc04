// Takes what the relay POSTs (QUEUE_URL=https://host/path#secret=whsec_…), and works on each id once.
// To adapt: work, the settings, and where this stands behind TLS: the relay sends by plain http to loopback only.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	inbox       = "consumer:inbox"    // What was taken and waits for its work, by id. Redis must keep it: appendonly yes.
	kept        = 30 * 24 * time.Hour // For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP.
	largestBody = 32 << 20
)

type event struct {
	ID, Type string
	Data     map[string]any
}

// work is yours. It may run again when this process dies in it, so let it do no harm twice.
func work(e event) error {
	fmt.Printf("{\"worked\":%q,\"type\":%q}\n", e.ID, e.Type)
	return nil
}

func take(store *redis.Client, webhook *standardwebhooks.Webhook, r *http.Request) int {
	body, _ := io.ReadAll(io.LimitReader(r.Body, largestBody)) // What is cut off has no right signature.
	var e event
	if webhook.Verify(body, r.Header) != nil || json.Unmarshal(body, &e) != nil {
		return http.StatusUnauthorized
	}
	// Only keeps it: the relay waits for the answer a few seconds, and the work may take longer.
	if store.HSetNX(r.Context(), inbox, e.ID, body).Err() != nil {
		return http.StatusServiceUnavailable // Anything but a 2xx, and the relay keeps the message and sends it again.
	}
	return http.StatusNoContent
}

// One process does this: two would work on the same message. Messages come out in no order.
func workOff(ctx context.Context, store *redis.Client) {
	for ; ; time.Sleep(500 * time.Millisecond) {
		for _, id := range store.HKeys(ctx, inbox).Val() {
			var e event
			seen, body := "consumer:seen:"+id, store.HGet(ctx, inbox, id).Val()
			known, err := store.Exists(ctx, seen).Result()
			if err != nil || known == 0 && (json.Unmarshal([]byte(body), &e) != nil || work(e) != nil) {
				log.Printf("%s is tried again", id)
				continue
			}
			// Seen only now: were it noted before the work, a crash in between would lose the message. Together with the taking out, so that no repeat slips in.
			_, _ = store.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, seen, 1, kept)
				return p.HDel(ctx, inbox, id).Err()
			})
		}
	}
}

func main() {
	store := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDRESS")})
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	go workOff(context.Background(), store)
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadTimeout: 10 * time.Second}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(take(store, webhook, r)) })
	fmt.Println("ready")
	log.Fatal(server.ListenAndServe())
}
