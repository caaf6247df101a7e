-- Lets runs that wait with a priority rise by one for each step that they have waited; at 0 they stand behind those that have none. Of each priority the oldest are looked at, of one after the
-- other, the next time from where this look ended; once a second, whoever asks.
-- KEYS queue. ARGV step (ms). → how many rose
local queue, step = KEYS[1], tonumber(ARGV[1])
local MOST, OF_ONE, BAND = 500, 100, 0x100000000
local prioritized, lookedAt = queue .. 'prioritized', queue .. 'sw:aging'
if redis.call('EXISTS', prioritized) == 0 then return 0 end
if not redis.call('SET', lookedAt .. ':looked', '', 'NX', 'PX', 900) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Since when it waits: since it was due.
local function risenTo(id, stands)
  local job = redis.call('HMGET', queue .. id, 'timestamp', 'opts', 'priority')
  if not job[1] then return stands end
  local ok, opts = pcall(cjson.decode, job[2] or '{}')
  opts = ok and type(opts) == 'table' and opts or {}
  local asked = math.max(tonumber(opts.priority) or stands, tonumber(job[3]) or 0)
  local waited = now - tonumber(job[1]) - (tonumber(opts.delay) or 0)
  return math.max(0, math.min(stands, asked - math.floor(math.max(0, waited) / step)))
end

local from = tonumber(redis.call('GET', lookedAt) or '0')
local looked, risen = 0, 0
while looked < MOST do
  local first = redis.call('ZRANGEBYSCORE', prioritized, string.format('%.0f', from * BAND), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #first == 0 then from = 0 break end
  local stands = math.floor(tonumber(first[2]) / BAND)
  local ids = redis.call('ZRANGEBYSCORE', prioritized, string.format('%.0f', stands * BAND), string.format('(%.0f', (stands + 1) * BAND), 'LIMIT', 0, OF_ONE)
  for _, id in ipairs(ids) do
    looked = looked + 1
    local to = risenTo(id, stands)
    if to < stands then
      redis.call('ZREM', prioritized, id)
      redis.call('HSET', queue .. id, 'priority', to)
      if to == 0 then
        redis.call('LPUSH', queue .. 'wait', id)
      else
        redis.call('ZADD', prioritized, string.format('%.0f', to * BAND + redis.call('INCR', queue .. 'pc') % BAND), id)
      end
      risen = risen + 1
    end
  end
  from = stands + 1
end
redis.call('SET', lookedAt, string.format('%.0f', from), 'EX', 3600)
return risen
