-- The same rooms, with two ticks a second.

local Rooms = require "rooms"

Rooms.tick = 2

return Rooms
