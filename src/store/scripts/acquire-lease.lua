-- Takes the lease if it is free or over, renews it if it is ours and not over.
-- The term is never given twice: it is the greater of "one more than the last" and the time in ms, so that it rises even over a Redis
-- that came back without its last second. The record has no expiry of its own, or the last term would be forgotten with it.
-- A lease that would last longer than anyone may ask for is what a clock that jumped back leaves: it counts as over. One that its owner
-- knows nothing of (another term, or none) is what such a Redis brought back: he takes it anew, since others may have held it meanwhile.
-- KEYS: lease   ARGV: owner, ttl ms, the term that the owner holds now (0: none)   → { 1 if ours, term }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('PERSIST', KEYS[1]) -- goes first, so that a full memory does not stop what follows: see README
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
local rest = tonumber(lease[3] or '0') - now
local live = lease[1] and rest > 0 and rest <= tonumber(ARGV[2])
if live and lease[1] ~= ARGV[1] then return { 0, lease[2] } end
local term = lease[2]
if not live or lease[2] ~= ARGV[3] then
  term = string.format('%.0f', math.max(tonumber(lease[2] or '0') + 1, now))
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'term', term, 'until', string.format('%.0f', now + ARGV[2]))
return { 1, term }
