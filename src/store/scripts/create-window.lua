-- Stores a window, unless a freeze holds when it starts, or one of the same app that is not over takes any of its time.
-- With the fire of a recurring window, which is recorded together with its window: only for the holder of the lease, and only if no later fire has its fate already.
-- KEYS: window, windows, open windows, apps, events, freezes; with a fire: lease, last fires, fires of the schedule
-- ARGV: window JSON, span JSON, event data, wake channel; with a fire: owner, term, schedule, last fire seen, this fire (ms), its JSON
-- → { '' }, { 'freeze', JSON } or { 'window', ID }: what stands against it; { 'not-the-holder' }, { 'stale' }
-- Its answer was lost, and it is sent again.
if redis.call('EXISTS', KEYS[1]) == 1 then return { '' } end
local window = cjson.decode(ARGV[1])
local span = cjson.decode(ARGV[2])
local ofFire = #KEYS > 6
if ofFire then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local lease = redis.call('HMGET', KEYS[7], 'owner', 'term', 'until')
  if lease[1] ~= ARGV[5] or lease[2] ~= ARGV[6] or tonumber(lease[3]) <= now then return { 'not-the-holder' } end
  if redis.call('HGET', KEYS[8], ARGV[7]) ~= ARGV[8] then return { 'stale' } end
end

local freezes = redis.call('HGETALL', KEYS[6])
for i = 1, #freezes, 2 do
  local freeze = cjson.decode(freezes[i + 1])
  local applies = freeze.app == cjson.null or freeze.app == span.app
  if applies and freeze.from <= span.from and span.from < freeze.to then return { 'freeze', freezes[i + 1] } end
end
local open = redis.call('HGETALL', KEYS[3])
for i = 1, #open, 2 do
  local other = cjson.decode(open[i + 1])
  if other.app == span.app and span.from < other.to and other.from < span.to then return { 'window', open[i] } end
end

redis.call('HSET', KEYS[1], 'version', window.version, 'json', ARGV[1])
redis.call('ZADD', KEYS[2], 0, window.id)
redis.call('HSET', KEYS[3], window.id, ARGV[2])
redis.call('SADD', KEYS[4], window.app)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, '*', 'type', 'window.phase', 'data', ARGV[3])
if ofFire then
  redis.call('HSET', KEYS[8], ARGV[7], ARGV[9])
  redis.call('LPUSH', KEYS[9], ARGV[10])
  redis.call('LTRIM', KEYS[9], 0, 199)
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, '*', 'type', 'window.fire', 'data', ARGV[10])
end
redis.call('PUBLISH', ARGV[4], '')
return { '' }
