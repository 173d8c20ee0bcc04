// Takes the relay's messages out of a stream of Redis (QUEUE_URL=redis://…?stream=videos), and works on each id once.
// To adapt: work, the settings (NAME: one for each process), and what is to become of a message that fails for good: it is tried again for ever.
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
)

const (
	lease = 60 * time.Second    // Longer than the longest work: after so long another takes over what a process that died has begun.
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

func handle(ctx context.Context, store *redis.Client, stream, group string, entry redis.XMessage) {
	var e event
	if json.Unmarshal([]byte(fmt.Sprint(entry.Values["event"])), &e) != nil { // None: maxlen= has taken the entry away meanwhile.
		store.XAck(ctx, stream, group, entry.ID)
		return
	}
	seen := "consumer:seen:" + e.ID
	if mine, err := store.SetNX(ctx, seen, "working", lease).Result(); err != nil || !mine {
		// Done before: a repeat. Else another process is at it: the entry stays pending, and is claimed again below.
		if err == nil && store.Get(ctx, seen).Val() == "done" {
			store.XAck(ctx, stream, group, entry.ID)
		}
		return
	}
	if work(e) != nil {
		store.Del(ctx, seen)
		return
	}
	// Only after the work: were it noted before, a crash in between would lose the message. Together with the acknowledgement.
	_, _ = store.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, seen, "done", kept)
		return p.XAck(ctx, stream, group, entry.ID).Err()
	})
}

func main() {
	ctx, stream, group, name := context.Background(), os.Getenv("STREAM"), os.Getenv("GROUP"), os.Getenv("NAME")
	store := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDRESS")})
	err := store.XGroupCreateMkStream(ctx, stream, group, "0").Err()
	if err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") { // That: the group is there already, and goes on where it was.
		log.Fatal(err)
	}
	fmt.Println("ready")
	for stale, cursor := []redis.XMessage{}, "0-0"; ; {
		// What a process took and never acknowledged, as it died or failed. The cursor goes round: there may be more than one answer holds.
		stale, cursor, err = store.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: stream, Group: group, Consumer: name, MinIdle: lease, Start: cursor, Count: 10}).Result()
		if err != nil {
			log.Fatal(err) // Let it be started again.
		}
		fresh, _ := store.XReadGroup(ctx, &redis.XReadGroupArgs{Group: group, Consumer: name, Streams: []string{stream, ">"}, Count: 10, Block: time.Second}).Result()
		for _, one := range fresh {
			stale = append(stale, one.Messages...)
		}
		for _, entry := range stale {
			handle(ctx, store, stream, group, entry)
		}
	}
}
