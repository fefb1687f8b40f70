-- Echo with a string for each message: what a view saves, see examples/echo.

local Echo = { codec = "raw" }


function Echo:on_message(player, message, kind)
    player:send(message, kind)
end


return Echo
