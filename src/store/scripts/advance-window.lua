-- One step of the window engine, whole or not at all. Three comparisons come first:
--   the lease: only its holder writes, so an engine that was stopped and does not know it has no say any more;
--   the window's version: an operator's request in between is not overwritten;
--   the intent's revision: a gate that opened by itself meanwhile (its time was over) is not taken for closed.
-- Documents travel as text and are stored as they came (an empty list would come out of Lua as an object); the intent only gets its two numbers put in front.
-- KEYS: lease, window, open windows, intent, holds, events, report, apps, windows, ended windows of the app   ARGV: owner, term, wake channel, change (JSON)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or tonumber(lease[3]) <= now then return 'not-the-holder' end

local change = cjson.decode(ARGV[4])
if tonumber(redis.call('HGET', KEYS[2], 'version')) ~= change.seenVersion then return 'stale-window' end

local stored = redis.call('GET', KEYS[4])
local current = stored and cjson.decode(stored) or { revision = 0, term = 0 }
if current.revision ~= change.seenRevision then return 'stale-intent' end

redis.call('PERSIST', KEYS[2]) -- goes first, so that a full memory does not stop what follows: see README
if change.intent then
  if current.term > tonumber(ARGV[2]) then return 'not-the-holder' end
  -- Rises also over a Redis that restarts without its last second: hence the clock.
  local revision = string.format('%.0f', math.max(current.revision + 1, now))
  redis.call('SET', KEYS[4], '{"revision":' .. revision .. ',"term":' .. ARGV[2] .. ',' .. string.sub(change.intent, 2))
  redis.call('SADD', KEYS[8], change.app)
end

redis.call('HSET', KEYS[2], 'version', change.version, 'json', change.window)
redis.call('ZADD', KEYS[9], 0, change.id)
if change.span then
  redis.call('HSET', KEYS[3], change.id, change.span)
else
  redis.call('HDEL', KEYS[3], change.id)
  redis.call('ZADD', KEYS[10], now, change.id)
end
for _, note in ipairs(change.notes) do redis.call('HSET', KEYS[2], note[1], note[2]) end
if change.report then redis.call('SET', KEYS[7], change.report) end

local function tell(type, data)
  redis.call('XADD', KEYS[6], 'MAXLEN', '~', 10000, '*', 'type', type, 'data', data)
end
for _, hold in ipairs(change.place) do
  if redis.call('HSET', KEYS[5], hold[1], hold[2]) == 1 then tell('hold.placed', '{"hold":' .. hold[2] .. '}') end
end
for _, id in ipairs(change.lift) do
  local hold = redis.call('HGET', KEYS[5], id)
  if hold then
    redis.call('HDEL', KEYS[5], id)
    tell('hold.lifted', '{"why":"window","hold":' .. hold .. '}')
  end
end
if change.eventType then tell(change.eventType, change.eventData) end
redis.call('PUBLISH', ARGV[3], '')
return 'written'
