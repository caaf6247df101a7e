-- Reads all live hosts. One script, so that a host that reports between the look and the removal is not dropped by mistake.
-- With a window: also what each host said last in it, in the same moment, so that no host is gone already whose words are not its last.
-- Answers the records, those words, and the last sign of life of each, also of those that fell silent; and the time (s).
-- KEYS: hosts, events, signs of life, window (or none)   ARGV: prefix of a host's key, wake channel, how long the signs of those that fell silent are kept (ms)
-- include old-signs
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
if left then
  forget_old_signs(KEYS[3], KEYS[1], ARGV[3])
  redis.call('PUBLISH', ARGV[2], '')
end
local words = {}
if KEYS[4] then
  local fields = redis.call('HGETALL', KEYS[4])
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 5) == 'host:' then
      words[#words + 1] = string.sub(fields[i], 6)
      words[#words + 1] = fields[i + 1]
    end
  end
end
return { alive, words, redis.call('HGETALL', KEYS[3]), redis.call('TIME')[1] }
