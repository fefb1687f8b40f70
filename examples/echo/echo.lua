-- Echo: every frame goes back as it came, text as text and binary as binary.
--
-- With codec "view" a message is a view of the frame's bytes: nothing is
-- decoded, encoded or made a Lua string on the way, so any text and any bytes
-- pass, at any size that game_message_max_size allows.

local Echo = { codec = "view" }


function Echo:on_message(player, message, kind)
    player:send(message, kind)
end


return Echo
