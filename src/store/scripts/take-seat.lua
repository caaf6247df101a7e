-- A claimed run asks for a seat before it starts. Where there is none now its claim ends here, and it is in line.
-- KEYS queue, seats, lock. ARGV as `seats`, then [6] job ID, [7] token, [8] key ('' for none), [9] µs that a step of priority counts,
-- [10] '1': it goes on, and is only counted.
-- Answers {'lost'} | {'ok'} | {'early', ms until its instant} | {'waits'}.
-- include seats
local id, key, run = ARGV[6], ARGV[8], runOf(ARGV[6])
if redis.call('GET', KEYS[3]) ~= ARGV[7] then return { 'lost' } end
-- Its start ends it.
if redis.call('HGET', run, 'cancel') == '1' then return { 'ok' } end

local before = redis.call('HGET', run, 'seatKey') or ''
if before ~= key then leave(id) end
local function answer(wait)
  if wait > 0 then return { 'early', wait } end
  return { 'ok' }
end
if redis.call('ZSCORE', seats .. ':in', id) then
  local wait = begin(id)
  if wait <= AHEAD then return answer(wait) end
  -- Too many were late before it: it had better wait in line than in its host.
  vacate(id)
end
if key ~= '' then redis.call('HSET', run, 'seatKey', key) end
if ARGV[10] == '1' then
  redis.call('ZADD', seats .. ':in', now, id)
  if key ~= '' then redis.call('SADD', keyIn(key), id) end
  redis.call('HSET', run, 'begun', '1')
  return { 'ok' }
end

redis.call('HSETNX', run, 'askedAt', string.format('%.0f', nowUs))
local rank = string.format('%.0f', redis.call('HGET', run, 'askedAt') + (redis.call('HGET', queue .. id, 'priority') or 0) * ARGV[9])
if key ~= '' and redis.call('SISMEMBER', keyIn(key), id) == 0 then
  redis.call('ZADD', keyLine(key), rank, id)
  callKey(key)
else
  redis.call('ZADD', seats .. ':line', rank, id)
end
callLine(id)

local seated = redis.call('ZSCORE', seats .. ':in', id)
local at = seated and tonumber(redis.call('HGET', run, 'beginsAt') or '0') or now + NET
if seated and at <= now then return answer(begin(id)) end
if not seated then
  redis.call('SADD', queue .. 'sw:lines', ARGV[1])
  if redis.call('ZSCORE', seats .. ':line', id) then
    waitsForJob(id)
  else
    redis.call('ZADD', seats .. ':keys', 'NX', 0, key)
    waitsFor(id, 'perKey', perKey, { key = key })
  end
end
redis.call('DEL', KEYS[3])
redis.call('SREM', queue .. 'stalled', id)
if redis.call('LREM', queue .. 'active', -1, id) > 0 then delayUntil(queue, id, at, now) end
return { 'waits' }
