-- The platformer itself, in rooms of 10.

local Platformer = require "platformer"

Platformer.max_players = 10

return Platformer
