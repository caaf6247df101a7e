-- Lifts exactly the hold that was seen: one that was prolonged meanwhile stands.
-- KEYS: holds, events   ARGV: id, hold JSON as seen, why, wake channel
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'type', 'hold.lifted', 'data', '{"why":"' .. ARGV[3] .. '","hold":' .. ARGV[2] .. '}')
redis.call('PUBLISH', ARGV[4], '')
return 1
