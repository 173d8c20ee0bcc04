// Takes the relay's messages out of a topic of Kafka (QUEUE_URL=kafka://…/videos), and works on each id once. One object's messages come in their order.
// To adapt: work, the settings (SASL and TLS, as in QUEUE_URL), and what is to become of a message that fails for good: it holds up its partition.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
)

const (
	lease = 60 * time.Second    // Longer than the longest work: after so long another may take over what a process that died has begun.
	kept  = 30 * 24 * time.Hour // For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP.
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

// once says whether it is done, now or before; false: another process is at it, or it failed.
func once(ctx context.Context, store *redis.Client, body []byte) bool {
	var e event
	if json.Unmarshal(body, &e) != nil {
		return false
	}
	seen := "consumer:seen:" + e.ID
	mine, err := store.SetNX(ctx, seen, "working", lease).Result()
	if err != nil || !mine {
		return err == nil && store.Get(ctx, seen).Val() == "done"
	}
	if err := work(e); err != nil {
		log.Print(err)
		store.Del(ctx, seen)
		return false
	}
	// Only after the work: were it noted before, a crash in between would lose the message. (Work in a database: insert the id in its transaction instead.)
	return store.Set(ctx, seen, "done", kept).Err() == nil
}

func main() {
	ctx, store := context.Background(), redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDRESS")})
	var err error
	// The topic must exist: the relay creates none.
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:     strings.Split(os.Getenv("KAFKA_BROKERS"), ","),
		Topic:       os.Getenv("TOPIC"),
		GroupID:     os.Getenv("GROUP"),
		StartOffset: kafka.FirstOffset,
		MaxWait:     500 * time.Millisecond,
	})
	fmt.Println("ready")
	var message kafka.Message
	for ; err == nil; err = reader.CommitMessages(ctx, message) { // Acknowledged after the work alone.
		if message, err = reader.FetchMessage(ctx); err != nil {
			break
		}
		for !once(ctx, store, message.Value) {
			time.Sleep(time.Second)
		}
	}
	log.Fatal(err) // Let it be started again.
}
