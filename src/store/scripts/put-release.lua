-- Stores a release and gives its app the queues that its jobs name, whole or not at all: a release refused for one queue takes none.
-- KEYS: apps, queues, releases of the app, release, then the blob of each file
-- ARGV: app, id, digest, release JSON, now (ms), number of files, size of each file, then the queues
-- → {'created'} | {'exists'} | {'other', digest} | {'missing', index…} | {'size', index} | {'taken', queue, app}
local stored = redis.call('HGET', KEYS[4], 'digest')
if stored then
  if stored == ARGV[3] then return {'exists'} end
  return {'other', stored}
end

local files = tonumber(ARGV[6])
local missing = {'missing'}
for i = 1, files do
  local bytes = redis.call('HGET', KEYS[4 + i], 'bytes')
  if not bytes then
    missing[#missing + 1] = i
  elseif bytes ~= ARGV[6 + i] then
    return {'size', i}
  end
end
if #missing > 1 then return missing end

local app = ARGV[1]
for i = 7 + files, #ARGV do
  local owner = redis.call('HGET', KEYS[2], ARGV[i])
  if owner and owner ~= app then return {'taken', ARGV[i], owner} end
end
for i = 7 + files, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], app) end

for i = 1, files do
  redis.call('HINCRBY', KEYS[4 + i], 'releases', 1)
  redis.call('PERSIST', KEYS[4 + i])
end
redis.call('HSET', KEYS[4], 'digest', ARGV[3], 'json', ARGV[4])
-- The order is that of their coming, also within a millisecond and when the clock is set back.
local newest = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
redis.call('ZADD', KEYS[3], math.max(tonumber(ARGV[5]), (tonumber(newest[2]) or 0) + 1), ARGV[2])
redis.call('SADD', KEYS[1], app)
return {'created'}
