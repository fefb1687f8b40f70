-- Rooms: small rooms that tick, and tell their players so.

local Rooms = { tick = 20 }


function Rooms:on_create()
    self.state.ticks = 0
end


function Rooms:on_tick()
    self.state.ticks = self.state.ticks + 1
    self:broadcast({ tick = self.state.ticks })
end


return Rooms
