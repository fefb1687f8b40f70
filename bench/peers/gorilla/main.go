// Copyright (C) ngx_game authors
//
// gorilla/websocket, as its chat example does it: a goroutine that reads and
// one that writes for each client, small buffers, write buffers from a pool,
// and a broadcast as a PreparedMessage.  gorilla PORT
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{
	ReadBufferSize:  1024,
	WriteBufferSize: 1024,
	WriteBufferPool: &sync.Pool{},
	CheckOrigin:     func(r *http.Request) bool { return true },
}

type client struct {
	conn *websocket.Conn
	send chan *websocket.PreparedMessage
}

func newClient(conn *websocket.Conn) *client {
	c := &client{conn, make(chan *websocket.PreparedMessage, 256)}
	go c.write()
	return c
}

func (c *client) write() {
	for message := range c.send {
		if c.conn.WritePreparedMessage(message) != nil {
			break
		}
	}
	c.conn.Close()
}

type room struct {
	mutex   sync.Mutex
	clients map[*client]string
}

func (r *room) add(c *client, id string) {
	r.mutex.Lock()
	r.clients[c] = id
	r.mutex.Unlock()
}

// with the room locked: a client may be dropped here too
func (r *room) drop(c *client) {
	if _, ok := r.clients[c]; ok {
		delete(r.clients, c)
		close(c.send)
	}
}

func (r *room) broadcast(data []byte) {
	message, err := websocket.NewPreparedMessage(websocket.TextMessage, data)
	if err != nil {
		return
	}
	for c := range r.clients {
		select {
		case c.send <- message:
		default: // it reads too slowly
			r.drop(c)
		}
	}
}

func echo(conn *websocket.Conn, _ *http.Request) {
	defer conn.Close()
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, data) != nil {
			return
		}
	}
}

var everyone = &room{clients: map[*client]string{}}

func fanout(conn *websocket.Conn, _ *http.Request) {
	c := newClient(conn)
	everyone.add(c, "")
	for {
		_, data, err := conn.ReadMessage()
		everyone.mutex.Lock()
		if err != nil {
			everyone.drop(c)
			everyone.mutex.Unlock()
			return
		}
		everyone.broadcast(data)
		everyone.mutex.Unlock()
	}
}

// a room of the platformer
type gameRoom struct {
	room
	world  world
	lastID int
}

var games = struct {
	sync.Mutex
	rooms map[string]*gameRoom
}{rooms: map[string]*gameRoom{}}

func enter(number string, c *client) (*gameRoom, string) {
	games.Lock()
	defer games.Unlock()
	r := games.rooms[number]
	if r == nil {
		r = &gameRoom{world: newWorld()}
		r.clients = map[*client]string{}
		games.rooms[number] = r
		go r.run(number)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.lastID++
	id := "player" + strconv.Itoa(r.lastID)
	r.clients[c] = id
	return r, id
}

func (r *gameRoom) run(number string) {
	ticker := time.NewTicker(time.Second / 60)
	defer ticker.Stop()
	for range ticker.C {
		if r.close(number) {
			return
		}
		r.mutex.Lock()
		if event := r.world.tick(); event != "" {
			data, _ := json.Marshal(update{event, worldData{r.world.players}})
			r.broadcast(data)
		}
		r.mutex.Unlock()
	}
}

// true if the room was empty
func (r *gameRoom) close(number string) bool {
	games.Lock()
	defer games.Unlock()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.clients) > 0 {
		return false
	}
	delete(games.rooms, number)
	return true
}

func game(conn *websocket.Conn, request *http.Request) {
	c := newClient(conn)
	r, id := enter(request.URL.Query().Get("room"), c)
	for {
		_, data, err := conn.ReadMessage()
		var message command
		if err == nil {
			err = json.Unmarshal(data, &message)
		}
		r.mutex.Lock()
		if err != nil {
			r.world.leave(id)
			r.drop(c)
			r.mutex.Unlock()
			return
		}
		ok := r.world.command(id, message)
		r.mutex.Unlock()
		if !ok {
			log.Printf("unknown command: %s", data)
		}
	}
}

func handle(path string, serve func(*websocket.Conn, *http.Request)) {
	http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			log.Print(err)
			return
		}
		serve(conn, r)
	})
}

func main() {
	handle("/echo", echo)
	handle("/fanout", fanout)
	handle("/game", game)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
