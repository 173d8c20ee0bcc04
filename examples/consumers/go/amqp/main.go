// Takes the relay's messages out of a queue of RabbitMQ (QUEUE_URL=amqp://…?queue=videos), and works on each id once. It ends when a connection does: let it be started again.
// To adapt: work, the settings, and what is to become of a message that fails for good: without a dead-letter exchange it comes back for ever.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"
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
	store := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDRESS")})
	channel := must(must(amqp.Dial(os.Getenv("AMQP_URL"))).Channel())
	// As declare=1 of the relay makes it: whoever comes first.
	queue := must(channel.QueueDeclare(os.Getenv("QUEUE"), true, false, false, false, nil))
	if err := channel.Qos(1, 0, false); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	for message := range must(channel.Consume(queue.Name, "", false, false, false, false, nil)) {
		// Acknowledged after the work alone.
		if once(context.Background(), store, message.Body) {
			_ = message.Ack(false)
		} else {
			time.Sleep(time.Second)
			_ = message.Nack(false, true)
		}
	}
	log.Fatal("the connection is gone")
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
