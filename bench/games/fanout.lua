-- Fanout: what one player says, all hear, and so does the one who said it.
-- The bytes go out as they came in, as they do in the peers.

local Fanout = { codec = "view" }


function Fanout:on_message(player, message, kind)
    self:broadcast(message, { kind = kind })
end


return Fanout
