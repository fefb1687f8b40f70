-- Echo: every frame goes back as it came, text as text and binary as binary.
--
-- With codec "raw" a message is the frame's bytes as a Lua string: nothing is
-- decoded or encoded on the way, so any text and any bytes pass, at any size
-- that game_message_max_size allows.

local Echo = { codec = "raw" }


function Echo:on_message(player, message, kind)
    player:send(message, kind)
end


return Echo
