-- Puts an intent under the term of the lease's holder where one of a former holder stands, unless it has changed since it was seen.
-- KEYS: lease, intent   ARGV: owner, term, revision seen, the intent as seen without revision and term (JSON), wake channel   → 1 if claimed
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or tonumber(lease[3]) <= now then return 0 end
local intent = cjson.decode(redis.call('GET', KEYS[2]) or '{}')
if intent.revision ~= tonumber(ARGV[3]) or intent.term >= tonumber(ARGV[2]) then return 0 end
local revision = string.format('%.0f', math.max(intent.revision + 1, now))
redis.call('PERSIST', KEYS[2]) -- goes first, so that a full memory does not stop what follows: see README
redis.call('SET', KEYS[2], '{"revision":' .. revision .. ',"term":' .. ARGV[2] .. ',' .. string.sub(ARGV[4], 2))
redis.call('PUBLISH', ARGV[5], '')
return 1
