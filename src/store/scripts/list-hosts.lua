-- Reads all live hosts. One script, so that a host that reports between the look and the removal is not dropped by mistake.
-- KEYS: hosts, events   ARGV: prefix of a host's key, wake channel
local alive = {}
local left = false
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local status = redis.call('GET', ARGV[1] .. id)
  if status then
    alive[#alive + 1] = status
  else
    -- A Redis that takes no writes can still be read; whoever looks when it takes them again tells of it.
    if redis.pcall('ZREM', KEYS[1], id) == 1 then
      redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'type', 'host.left', 'data', cjson.encode({ host = id, reason = 'silent' }))
      left = true
    end
  end
end
if left then redis.call('PUBLISH', ARGV[2], '') end
return alive
