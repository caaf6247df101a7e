-- KEYS: lease   ARGV: owner, term
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'until', '0')
return 1
