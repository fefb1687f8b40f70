-- Relay: rooms of two; what one player says, the other one hears.

local Relay = { codec = "view", max_players = 2 }


function Relay:on_message(player, message, kind)
    self:broadcast(message, { except = player, kind = kind })
end


return Relay
