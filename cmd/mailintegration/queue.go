package main

import (
	"bytes"
	"sync/atomic"
	"time"
)

// queue hands things to a receiver that may be slow, fail or never return. Nobody waits for it: a goroutine hands over, and
// what finds no room is lost.
type queue[T any] struct {
	give     func(T) error
	failed   func(error)      // is told the first of several failures in a row; nil: nobody
	regained func(lost int64) // is told how many things were lost, once one could be handed over again; nil: nobody

	things chan T
	stop   chan struct{}
	ended  chan struct{}
	limit  time.Duration // for what waits at the end
	lost   atomic.Int64
	fails  bool // the last thing was not handed over
}

// queueOptions are the options of a queue.
type queueOptions[T any] struct {
	give     func(T) error
	failed   func(error)
	regained func(lost int64)
	room     int           // how many things wait at most
	limit    time.Duration // how long close waits
}

// newQueue returns a queue and starts its goroutine.
func newQueue[T any](o queueOptions[T]) *queue[T] {
	q := &queue[T]{
		give: o.give, failed: o.failed, regained: o.regained, limit: o.limit,
		things: make(chan T, o.room), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go q.run()
	return q
}

// add puts a thing into the queue, if there is room.
func (q *queue[T]) add(thing T) {
	select {
	case q.things <- thing:
	default:
		q.lost.Add(1)
	}
}

// run hands things over until close is called, and then those that wait.
func (q *queue[T]) run() {
	defer close(q.ended)
	for {
		select {
		case thing := <-q.things:
			q.hand(thing)
			continue
		default:
		}
		select {
		case thing := <-q.things:
			q.hand(thing)
		case <-q.stop:
			return
		}
	}
}

// hand hands a thing over, and tells of failures and of their end.
func (q *queue[T]) hand(thing T) {
	if err := q.give(thing); err != nil {
		q.lost.Add(1)
		if first := !q.fails; first && q.failed != nil {
			q.failed(err)
		}
		q.fails = true
		return
	}
	q.fails = false
	if lost := q.lost.Swap(0); lost > 0 && q.regained != nil {
		q.regained(lost)
	}
}

// close hands over what waits, and reports whether that was possible within the limit. Nothing may be added afterwards.
func (q *queue[T]) close() bool {
	close(q.stop)
	limit := time.NewTimer(q.limit)
	defer limit.Stop()
	select {
	case <-q.ended:
		return true
	case <-limit.C:
		return false
	}
}

// lineQueue is a queue of lines, which a logger writes to.
type lineQueue struct{ *queue[[]byte] }

// Write implements io.Writer. It never fails.
func (q lineQueue) Write(line []byte) (int, error) {
	q.add(bytes.Clone(line))
	return len(line), nil
}
