-- Stores a window, unless a freeze holds when it starts, or one of the same app that is not over takes any of its time.
-- KEYS: window, windows, open windows, apps, events, freezes
-- ARGV: window JSON, span JSON, event data, wake channel   → { '' }, { 'freeze', JSON } or { 'window', ID }: what stands against it
local window = cjson.decode(ARGV[1])
local span = cjson.decode(ARGV[2])
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
redis.call('PUBLISH', ARGV[4], '')
return { '' }
