-- Ticks: rooms that tick 20 times a second and tell their players once, so that
-- it is the ticks that cost.

local Ticks = { tick = 20 }


function Ticks:on_create()
    self.state.ticks = 0
end


function Ticks:on_tick()
    self.state.ticks = self.state.ticks + 1

    if self.state.ticks % 20 == 0 then
        self:broadcast({ tick = self.state.ticks / 20 })
    end
end


return Ticks
