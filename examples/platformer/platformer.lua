-- Platformer: a small world that its players share, in one room.
--
-- A client sends       {"cmd": "newplayer", "name": "Ada", "color": "#4cc9f0"}
--                      {"cmd": "left"}, "right", "jump", "disconnect"
-- everyone receives    {"type": T, "data": {"players": {ID: {x, y, color, name,
--                          velocityX, velocityY, isJumping}, ...}}}
--                      T: "newPlayer", "updatePosition" or "playerLeft"
-- who sends nonsense   {"message": "Unknown command"}
--
-- The rules that keep it fair and cheap:
--
--  * A message never moves anyone.  It only sets a speed, and the next tick
--    moves: thirty messages in a tick move as far as one.
--  * "left" and "right" set the speed to 5 pixels a tick, and friction takes a
--    fifth of it in each tick that follows.  A client that holds a key repeats
--    its message, as keyboards do; one message alone is a step of 25 pixels.
--  * "jump" counts only for someone who stands.
--  * Whoever loses the connection is out of the world until it is back, and
--    then where it was.
--  * At most one broadcast a tick, none if nothing has changed.  Every one
--    carries all players, so whoever came last knows as much as the others.

local Platformer = { tick = 60, catch_up = true, max_players = 50 }


-- Units are pixels and ticks; y grows downwards.  A tick is always 1/60 s, so
-- speeds are pixels a tick and on_tick needs no dt.  That missed ticks are made
-- up for keeps the world at its speed where the server has too much to do.

local WIDTH = 800               -- by 400, where the ground ends the world
local PLAYER_WIDTH, PLAYER_HEIGHT = 20, 40
local START_X, START_Y = 200, 200

local GRAVITY = 0.5
local FRICTION = 0.8
local JUMP_SPEED = -10
local MOVE_SPEED = 5
local SLOWEST = 0.05            -- slower than this is standing still

local PLATFORMS = {
    { x = 0,   y = 350, width = 800, height = 50 },     -- the ground
    { x = 200, y = 250, width = 100, height = 20 },
    { x = 400, y = 200, width = 100, height = 20 },
    { x = 600, y = 150, width = 100, height = 20 },
}


-- What a client says of itself --------------------------------------------

local NAME_MAX = 16             -- characters, not bytes
local DEFAULT_NAME, DEFAULT_COLOR = "Player", "blue"

local COLORS = {}

for name in ("aqua black blue brown coral crimson cyan fuchsia gold gray green"
             .. " indigo lime magenta maroon navy olive orange orchid pink plum"
             .. " purple red salmon silver teal tomato turquoise violet white"
             .. " yellow"):gmatch("%a+")
do
    COLORS[name] = true
end


-- What would upset a line of text: control characters, and those that can't be
-- seen or turn the direction of writing (U+0080..A0, U+2000..F, U+2028..F,
-- U+2060..F, U+FEFF).
local INVISIBLE = {
    "%c", "\194[\128-\160]", "\226\128[\128-\143]", "\226\128[\168-\175]",
    "\226\129[\160-\175]", "\239\187\191",
}


-- Returns the name as it may be shown, or nil and what is wrong with it.
-- The clients must still show it as text, never as HTML.
local function check_name(name)
    if name == nil or name == game.null then
        return DEFAULT_NAME
    end

    if type(name) ~= "string" then
        return nil, "The name must be a string"
    end

    for _, pattern in ipairs(INVISIBLE) do
        name = name:gsub(pattern, "")
    end

    name = name:match("^%s*(.-)%s*$")

    -- every character of UTF-8 has one byte that does not continue another
    local _, length = name:gsub("[^\128-\191]", "")

    if length > NAME_MAX then
        return nil, "The name must have at most " .. NAME_MAX .. " characters"
    end

    return length > 0 and name or DEFAULT_NAME
end


-- "#rgb", "#rrggbb", or one of the names above.
local function check_color(color)
    if color == nil or color == game.null then
        return DEFAULT_COLOR
    end

    if type(color) == "string" then
        local lower = color:lower()

        if COLORS[lower]
            or lower:find("^#%x%x%x$")
            or lower:find("^#%x%x%x%x%x%x$")
        then
            return lower
        end
    end

    return nil, "The color must be #rgb, #rrggbb or a common name"
end


-- Physics ------------------------------------------------------------------
--
-- A body is what the clients see of a player.


-- The platform that feet at this height are inside of, or nil.
local function platform_at(body, feet)
    for _, platform in ipairs(PLATFORMS) do
        if feet > platform.y
            and feet <= platform.y + platform.height
            and body.x + PLAYER_WIDTH > platform.x
            and body.x < platform.x + platform.width
        then
            return platform
        end
    end
end


-- What gravity would pull onto a platform in the next tick stands on it.
local function stands(body)
    return body.velocityY == 0
        and platform_at(body, body.y + PLAYER_HEIGHT + GRAVITY) ~= nil
end


-- The two parts of a tick of one player; true if the others would see a
-- difference.  All players do the one and then all the other: LuaJIT compiles a
-- loop once for each way through it, and two short ones have fewer ways
-- together than a long one that is made of both.

local function walk(body)
    local x, velocity = body.x, body.velocityX

    body.x = math.max(0, math.min(x + velocity, WIDTH - PLAYER_WIDTH))
    body.velocityX = velocity * FRICTION

    if math.abs(body.velocityX) < SLOWEST then
        body.velocityX = 0
    end

    return body.x ~= x or body.velocityX ~= velocity
end


-- Whoever comes down with the feet inside a platform stands on it.  On the way
-- up platforms are no obstacle: a jump of 95 pixels ends with the feet inside
-- the first platform, which is 100 above the ground.
local function fall(body)
    local y, velocity = body.y, body.velocityY

    body.velocityY = velocity + GRAVITY
    body.y = y + body.velocityY

    if body.velocityY >= 0 then
        local platform = platform_at(body, body.y + PLAYER_HEIGHT)

        if platform then
            body.y = platform.y - PLAYER_HEIGHT
            body.velocityY = 0
            body.isJumping = false
        end
    end

    return body.y ~= y or body.velocityY ~= velocity
end


-- Commands -----------------------------------------------------------------
--
-- Each returns nil, or what to tell the client that asked in vain.

local commands = {}


-- Enters the world.  Said again, it changes name and color and no more.
function commands.newplayer(room, player, message)
    local name, color, problem

    name, problem = check_name(message.name)
    if not name then
        return problem
    end

    color, problem = check_color(message.color)
    if not color then
        return problem
    end

    local body = room.state.players[player.id]

    if not body then
        body = { x = START_X, y = START_Y, velocityX = 0, velocityY = 0,
                 isJumping = false }
        room.state.players[player.id] = body
    end

    body.name, body.color = name, color
    room.state.came = true
end


function commands.left(room, player)
    room.state.players[player.id].velocityX = -MOVE_SPEED
end


function commands.right(room, player)
    room.state.players[player.id].velocityX = MOVE_SPEED
end


function commands.jump(room, player)
    local body = room.state.players[player.id]

    if stands(body) then
        body.velocityY = JUMP_SPEED
        body.isJumping = true
    end
end


-- Leaves the world, but stays to watch; "newplayer" enters it again.
function commands.disconnect(room, player)
    room.state.players[player.id] = nil
    room.state.left = true
end


-- The lobby ----------------------------------------------------------------

local FIRST_WORDS = { "Amber", "Autumn", "Bright", "Cedar", "Copper", "Crystal",
    "Distant", "Golden", "Hidden", "Misty", "Quiet", "Rocky", "Silver",
    "Sunny", "Velvet", "Windy" }
local LAST_WORDS = { "Bay", "Bluffs", "Canyon", "Cliffs", "Creek", "Falls",
    "Gardens", "Heights", "Hills", "Island", "Ledge", "Meadow", "Peaks",
    "Ridge", "Terrace", "Valley" }
local DOTS = 12                 -- colors shown; metadata has 512 bytes


local function room_name()
    local first, last = game.random_bytes(2):byte(1, 2)

    return FIRST_WORDS[first % #FIRST_WORDS + 1] .. " "
           .. LAST_WORDS[last % #LAST_WORDS + 1]
end


-- What the list of rooms shows: a name, and some colors of those inside.
local function advertise(room)
    local metadata = { name = room.state.name }

    for _, body in pairs(room.state.players) do
        metadata.colors = metadata.colors or {}

        if #metadata.colors < DOTS then
            table.insert(metadata.colors, body.color)
        end
    end

    room:set_metadata(metadata)
end


-- Handlers -----------------------------------------------------------------

function Platformer:on_create()
    self.state = {
        name = room_name(),
        players = {},           -- bodies by player id, sent as they are
        away = {},              -- the same, of those who may come back
        came = false,           -- since the last broadcast: someone came,
        left = false,           --   someone left,
        moved = false,          --   someone moved
    }

    advertise(self)
end


-- A newcomer to a room where nobody moves would see nobody until someone does.
function Platformer:on_join(player)
    if next(self.state.players) then
        player:send({ type = "updatePosition",
                      data = { players = self.state.players } })
    end
end


function Platformer:on_message(player, message, kind)
    local problem

    -- a name goes out as it came in, and only text is sure to be UTF-8
    if kind ~= "text" or type(message) ~= "table" then
        problem = "Unknown command"

    elseif not commands[message.cmd] then
        problem = "Unknown command"

    elseif message.cmd ~= "newplayer" and not self.state.players[player.id] then
        problem = "Send newplayer first"

    else
        problem = commands[message.cmd](self, player, message)
    end

    if problem then
        player:send({ message = problem })
    end
end


-- The same two tables for every broadcast of every room, since it is encoded at
-- once: two new ones for each would be half of the collector's work.
local update = { data = {} }


-- One broadcast at most, encoded once for all.  If someone left and someone
-- came, the one who came is told of in the next tick: all see the world of
-- that tick anyway.
function Platformer:on_tick()
    local state = self.state
    local event

    for _, body in pairs(state.players) do
        if walk(body) then
            state.moved = true
        end
    end

    for _, body in pairs(state.players) do
        if fall(body) then
            state.moved = true
        end
    end

    if state.left then
        event, state.left = "playerLeft", false

    elseif state.came then
        event, state.came = "newPlayer", false

    elseif state.moved then
        event = "updatePosition"

    else
        return
    end

    state.moved = false
    update.type, update.data.players = event, state.players
    self:broadcast(update)

    if event ~= "updatePosition" then
        advertise(self)
    end
end


function Platformer:on_drop(player)
    local body = self.state.players[player.id]

    if body then
        self.state.away[player.id] = body
        commands.disconnect(self, player)
    end
end


-- The world is in every broadcast, so nothing else was missed.
function Platformer:on_resume(player)
    local body = self.state.away[player.id]

    if body then
        self.state.away[player.id] = nil
        self.state.players[player.id] = body
        self.state.came = true
    end
end


function Platformer:on_leave(player)
    self.state.away[player.id] = nil

    if self.state.players[player.id] then
        commands.disconnect(self, player)
    end
end


return Platformer
