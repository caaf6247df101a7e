-- KEYS: hosts, host, events   ARGV: id, wake channel
redis.call('DEL', KEYS[2])
local removed = redis.call('ZREM', KEYS[1], ARGV[1])
if removed == 1 then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'type', 'host.left', 'data', cjson.encode({ host = ARGV[1], reason = 'left' }))
  redis.call('PUBLISH', ARGV[2], '')
end
return removed
