-- Included by the scripts of seats: the seats of one job in one queue, and the lines before them. See "Flow control" in src/queue/README.md.
-- KEYS[1] the queue's prefix ("bull:reports:"), KEYS[2] that of the job's seats ("bull:reports:sw:seats:JOB"), and further keys behind them.
-- ARGV[1] job, [2] seats of the job ('': any number), [3] seats of a key, [4] runs that may begin ('': any number) in [5] ms.
-- Of a job:   :in (sorted set: who has a seat, by when it was last looked at), :line (sorted set: who waits for one), :keys (sorted set: the keys that have a line,
--             by when they were last looked at). With a rate: :begun (sorted set: the last starts, by when), :instants (list: those given out, the newest first),
--             :due (sorted set: who has a seat and an instant).
-- Of a key:   :key:K:in (set: who has one of its seats; he may still be in the job's line), :key:K:line.
-- Of a run:   fields of its hash: seatKey, askedAt (µs), beginsAt (ms), begun ('1'), waits (JSON).
-- include moves
local queue, seats = KEYS[1], KEYS[2]
local most, perKey = tonumber(ARGV[2]) or math.huge, tonumber(ARGV[3])
local rateMax, ratePer = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local nowUs = time[1] * 1000000 + time[2]
-- Who waits comes by himself after a day, should nobody call him. So long, that no host with a wrong clock takes him for due.
local NET = 86400000
-- Instants are given at most so far ahead: should a window come in between, few come together after it, and wait for each other in a host.
local AHEAD = 2000
-- The most that one script calls, and looks at.
local MOST = 500

local function runOf(id) return queue .. id .. ':sw' end
local function keyIn(key) return seats .. ':key:' .. key .. ':in' end
local function keyLine(key) return seats .. ':key:' .. key .. ':line' end

-- It is there, and has not ended.
local function isLive(id)
  local job = redis.call('HMGET', queue .. id, 'timestamp', 'finishedOn')
  return job[1] and not job[2]
end
-- It is where one with a seat can be: not delayed for another reason than its instant.
local function isSeated(id)
  if not isLive(id) then return false end
  return not redis.call('ZSCORE', queue .. 'delayed', id) or redis.call('HEXISTS', runOf(id), 'beginsAt') == 1
end
-- Once a second, whoever asks.
local function mayLook(of)
  return redis.call('SET', of .. ':looked', '', 'NX', 'PX', 1000) and true or false
end

local function waitsFor(id, limit, number, more)
  local waits = { limit = limit, most = number }
  for name, value in pairs(more or {}) do waits[name] = value end
  redis.call('HSET', runOf(id), 'waits', cjson.encode(waits))
end
local function waitsForJob(id)
  if most < math.huge and (not rateMax or redis.call('ZCARD', seats .. ':in') >= most) then
    waitsFor(id, 'concurrency', most)
  else
    waitsFor(id, 'rate', rateMax or 0, { perMs = ratePer })
  end
end

-- Its seat of the job is free.
local function vacate(id)
  redis.call('ZREM', seats .. ':in', id)
  redis.call('ZREM', seats .. ':due', id)
  redis.call('HDEL', runOf(id), 'beginsAt', 'begun')
end

-- Frees the seats of the job whose runs have ended, or are gone, without anybody saying so. Whoever was looked at longest ago comes first.
local function freeDead()
  if not mayLook(seats) then return false end
  local freed = false
  for _, id in ipairs(redis.call('ZRANGE', seats .. ':in', 0, MOST - 1)) do
    if isSeated(id) then
      redis.call('ZADD', seats .. ':in', now, id)
    else
      vacate(id)
      freed = true
    end
  end
  return freed
end
local function freeDeadOf(key)
  if not mayLook(keyIn(key)) then return false end
  local freed, looked = false, 0
  for _, id in ipairs(redis.call('SMEMBERS', keyIn(key))) do
    looked = looked + 1
    if looked > MOST then break end
    if not redis.call('ZSCORE', seats .. ':line', id) and not (redis.call('ZSCORE', seats .. ':in', id) and isSeated(id)) then
      redis.call('SREM', keyIn(key), id)
      vacate(id)
      freed = true
    end
  end
  return freed
end

-- The first in a key's line get the seats of the key, and go on to the line of the job.
local function callKey(key)
  for _ = 1, MOST do
    local first = redis.call('ZRANGE', keyLine(key), 0, 0, 'WITHSCORES')
    if #first == 0 then
      redis.call('ZREM', seats .. ':keys', key)
      return
    end
    if redis.call('SCARD', keyIn(key)) >= perKey and not freeDeadOf(key) then return end
    redis.call('ZREM', keyLine(key), first[1])
    if isLive(first[1]) then
      redis.call('SADD', keyIn(key), first[1])
      redis.call('ZADD', seats .. ':line', first[2], first[1])
      waitsForJob(first[1])
    elseif redis.call('EXISTS', queue .. first[1]) == 0 then
      redis.call('DEL', runOf(first[1]))
    end
  end
end

-- All that is known of it here goes. What waited for its key's seat is called.
local function leave(id)
  local key = redis.call('HGET', runOf(id), 'seatKey')
  vacate(id)
  redis.call('ZREM', seats .. ':line', id)
  redis.call('HDEL', runOf(id), 'seatKey', 'waits')
  if key then
    redis.call('SREM', keyIn(key), id)
    redis.call('ZREM', keyLine(key), id)
    callKey(key)
  end
end

-- When the next run may begin. What was given out is a plan; the starts themselves are counted when they come, and may have been later.
local function nextInstant()
  if not rateMax then return now end
  local given = redis.call('LINDEX', seats .. ':instants', rateMax - 1)
  local begun = redis.call('ZREVRANGE', seats .. ':begun', rateMax - 1, rateMax - 1, 'WITHSCORES')
  return math.max(now, given and tonumber(given) + ratePer or 0, begun[2] and tonumber(begun[2]) + ratePer or 0)
end
local function giveOut(at)
  if not rateMax then return end
  redis.call('LPUSH', seats .. ':instants', string.format('%.0f', at))
  redis.call('LTRIM', seats .. ':instants', 0, rateMax - 1)
  redis.call('PEXPIRE', seats .. ':instants', at - now + ratePer)
end

-- One with a seat wants to begin. Answers how long it has to wait for that, ms; 0: it begins.
local function begin(id)
  local run = runOf(id)
  -- It goes on; or the answer was lost.
  if redis.call('HGET', run, 'begun') == '1' then
    redis.call('HDEL', run, 'beginsAt')
    return 0
  end
  local at = tonumber(redis.call('HGET', run, 'beginsAt') or '0')
  if at > now then return at - now end
  if rateMax then
    local begun = seats .. ':begun'
    redis.call('ZREMRANGEBYSCORE', begun, '-inf', now - ratePer)
    local count = redis.call('ZCARD', begun)
    if count >= rateMax then
      local first = redis.call('ZRANGE', begun, count - rateMax, count - rateMax, 'WITHSCORES')
      return math.max(1, tonumber(first[2]) + ratePer - now)
    end
    redis.call('ZADD', begun, now, string.format('%.0f', nowUs) .. id)
    redis.call('PEXPIRE', begun, ratePer)
    redis.call('ZREM', seats .. ':due', id)
  end
  redis.call('HSET', run, 'begun', '1')
  redis.call('HDEL', run, 'beginsAt', 'waits')
  return 0
end

-- The first in the line of the job get its seats, as long as there are any and their instant is near, and are called: to the head of the queue, or for that instant.
-- `asking`: who holds a claim, and is moved by whoever asks for him.
local function callLine(asking)
  local heads = {}
  for _ = 1, MOST do
    local id = redis.call('ZRANGE', seats .. ':line', 0, 0)[1]
    if not id then break end
    if redis.call('ZCARD', seats .. ':in') >= most and not freeDead() then break end
    local at = nextInstant()
    if at > now + AHEAD then break end
    redis.call('ZREM', seats .. ':line', id)
    if isLive(id) then
      giveOut(at)
      redis.call('ZADD', seats .. ':in', now, id)
      if at > now then
        redis.call('HSET', runOf(id), 'beginsAt', string.format('%.0f', at))
        redis.call('ZADD', seats .. ':due', at, id)
        redis.call('SADD', queue .. 'sw:lines', ARGV[1])
        waitsFor(id, 'rate', rateMax, { perMs = ratePer })
      else
        redis.call('HDEL', runOf(id), 'beginsAt', 'waits')
      end
      -- One that is not there was called by somebody else (a person, the net), and comes.
      if id ~= asking and redis.call('ZREM', queue .. 'delayed', id) == 1 then
        if at > now then delayUntil(queue, id, at, now) else heads[#heads + 1] = id end
      end
    else
      local gone = redis.call('EXISTS', queue .. id) == 0
      leave(id)
      if gone then redis.call('DEL', runOf(id)) end
    end
  end
  -- The first is to be claimed first.
  for i = #heads, 1, -1 do toHead(queue, heads[i]) end
  if redis.call('EXISTS', seats .. ':line', seats .. ':keys', seats .. ':due') == 0 then redis.call('SREM', queue .. 'sw:lines', ARGV[1]) end
end
