// Copyright (C) ngx_game authors
//
// The world of examples/platformer/platformer.lua, one of each room: the same
// rules, constants and events.
package main

import (
	"math"
	"regexp"
)

const (
	width                     = 800
	playerWidth, playerHeight = 20, 40
	startX, startY            = 200, 200
	gravity, friction         = 0.5, 0.8
	jumpSpeed, moveSpeed      = -10, 5
	slowest                   = 0.05
)

var platforms = []struct{ x, y, width, height float64 }{
	{0, 350, 800, 50},
	{200, 250, 100, 20},
	{400, 200, 100, 20},
	{600, 150, 100, 20},
}

var colors = regexp.MustCompile(`^(?i:#[\da-f]{3}|#[\da-f]{6}|[a-z]+)$`)

type command struct {
	Cmd   string `json:"cmd"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

type player struct {
	X         float64 `json:"x"`
	Y         float64 `json:"y"`
	VelocityX float64 `json:"velocityX"`
	VelocityY float64 `json:"velocityY"`
	IsJumping bool    `json:"isJumping"`
	Name      string  `json:"name"`
	Color     string  `json:"color"`

	move         float64
	jump, stands bool
}

type worldData struct {
	Players map[string]*player `json:"players"`
}

type update struct {
	Type string    `json:"type"`
	Data worldData `json:"data"`
}

type world struct {
	players    map[string]*player
	came, left bool
}

func newWorld() world {
	return world{players: map[string]*player{}}
}

// true if the command is one of the game's
func (w *world) command(id string, c command) bool {
	p := w.players[id]
	switch {
	case c.Cmd == "newplayer":
		return w.enter(id, c)
	case p == nil:
		return false
	case c.Cmd == "left":
		p.move = -1
	case c.Cmd == "right":
		p.move = 1
	case c.Cmd == "jump":
		p.jump = true
	case c.Cmd == "disconnect":
		w.leave(id)
	default:
		return false
	}
	return true
}

func (w *world) enter(id string, c command) bool {
	if c.Name == "" {
		c.Name = "Player"
	}
	if c.Color == "" {
		c.Color = "blue"
	}
	if len([]rune(c.Name)) > 16 || !colors.MatchString(c.Color) {
		return false
	}
	if w.players[id] == nil {
		w.players[id] = &player{X: startX, Y: startY}
	}
	w.players[id].Name, w.players[id].Color = c.Name, c.Color
	w.came = true
	return true
}

func (w *world) leave(id string) {
	if w.players[id] != nil {
		delete(w.players, id)
		w.left = true
	}
}

// what is to be told to all players, or "": nothing has changed
func (w *world) tick() string {
	moved := false
	for _, p := range w.players {
		moved = p.step() || moved
	}
	switch {
	case w.left:
		w.left = false
		return "playerLeft"
	case w.came:
		w.came = false
		return "newPlayer"
	case moved:
		return "updatePosition"
	}
	return ""
}

// one tick of one player; true if the others would see a difference
func (p *player) step() bool {
	x, y, velocityX, velocityY := p.X, p.Y, p.VelocityX, p.VelocityY
	if p.move != 0 {
		p.VelocityX = p.move * moveSpeed
	}
	if p.jump && p.stands {
		p.VelocityY, p.IsJumping = jumpSpeed, true
	}
	p.move, p.jump = 0, false

	p.VelocityY += gravity
	p.X += p.VelocityX
	p.Y += p.VelocityY
	p.VelocityX *= friction
	if math.Abs(p.VelocityX) < slowest {
		p.VelocityX = 0
	}
	p.X = math.Max(0, math.Min(p.X, width-playerWidth))
	p.land()

	return p.X != x || p.Y != y || p.VelocityX != velocityX || p.VelocityY != velocityY
}

func (p *player) land() {
	feet := p.Y + playerHeight
	p.stands = false
	if p.VelocityY < 0 {
		return
	}
	for _, f := range platforms {
		if feet > f.y && feet <= f.y+f.height && p.X+playerWidth > f.x && p.X < f.x+f.width {
			p.stands = true
			p.Y = f.y - playerHeight
			p.VelocityY, p.IsJumping = 0, false
			return
		}
	}
}
