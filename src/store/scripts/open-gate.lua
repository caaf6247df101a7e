-- Opens a gate that nobody opened in time, unless the intent has moved on since it was seen.
-- KEYS: intent, events   ARGV: revision seen, the intent as it shall be without revision and term (JSON), wake channel
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
local intent = cjson.decode(text)
if intent.revision ~= tonumber(ARGV[1]) then return 0 end
-- A revision is a number that rises, also over a Redis that restarts without its last second: hence the clock.
local time = redis.call('TIME')
local revision = string.format('%.0f', math.max(intent.revision + 1, time[1] * 1000 + math.floor(time[2] / 1000)))
local term = string.format('%.0f', intent.term)
redis.call('PERSIST', KEYS[1]) -- goes first, so that a full memory does not stop what follows: see README
redis.call('SET', KEYS[1], '{"revision":' .. revision .. ',"term":' .. term .. ',' .. string.sub(ARGV[2], 2))
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'type', 'gate.opened', 'data', cjson.encode({ app = intent.app, release = intent.release, why = 'its time was over' }))
redis.call('PUBLISH', ARGV[3], '')
return 1
