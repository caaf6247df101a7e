-- Gives fires of schedules of one app their fates, and puts those that run on the list of what is to be sent. Only the holder of the lease does, and each schedule
-- only in the state in which it was seen: so no fire gets two fates.
-- KEYS: lease, states of the app, unsent fires, events, then ledgers of schedules, what they have started, and what windows held
-- ARGV: owner, term, event, kept fires, kept ms, remembered starts, remembered ms, then of each schedule: name, state seen, state, index of its ledger in KEYS, index of what it has started or 0, number of fires; and of each of these:
--   at (ms), JSON, index of the window's key in KEYS or 0, field of the window's key, field of the unsent fire or '', its JSON
-- → { '' or 'not-the-holder', index of each schedule that was not as it was seen …, -1 - index of each whose fire had been started before … }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or tonumber(lease[3]) <= now then return { 'not-the-holder' } end
local answer, stale = { '' }, false
local i, schedule = 8, 0
while i <= #ARGV do
  local name, ledger, started, fires = ARGV[i], KEYS[tonumber(ARGV[i + 3])], KEYS[tonumber(ARGV[i + 4])], tonumber(ARGV[i + 5])
  local asSeen = redis.call('HGET', KEYS[2], name) == ARGV[i + 1]
  if asSeen then redis.call('HSET', KEYS[2], name, ARGV[i + 2]) else answer[#answer + 1], stale = schedule, true end
  i = i + 6
  for _ = 1, fires do
    if asSeen then
      redis.call('ZREMRANGEBYSCORE', ledger, ARGV[i], ARGV[i])
      redis.call('ZADD', ledger, ARGV[i], ARGV[i + 1])
      local held = KEYS[tonumber(ARGV[i + 2])]
      if held and (redis.call('HLEN', held) < 10000 or redis.call('HEXISTS', held, ARGV[i + 3]) == 1) then
        redis.call('HSET', held, ARGV[i + 3], ARGV[i + 1])
      end
      if ARGV[i + 4] ~= '' then
        -- It may have run before its time, by a clock that was far ahead.
        if redis.call('ZADD', started, ARGV[i], ARGV[i]) == 1 then
          redis.call('HSET', KEYS[3], ARGV[i + 4], ARGV[i + 5])
        else
          answer[#answer + 1] = -1 - schedule
        end
      end
    end
    i = i + 6
  end
  if asSeen and fires > 0 then
    redis.call('ZREMRANGEBYRANK', ledger, 0, -1 - ARGV[4])
    redis.call('ZREMRANGEBYSCORE', ledger, '-inf', now - ARGV[5])
    redis.call('PEXPIRE', ledger, ARGV[5])
  end
  if asSeen and started then
    redis.call('ZREMRANGEBYRANK', started, 0, -1 - ARGV[6])
    redis.call('PEXPIRE', started, ARGV[7])
  end
  schedule = schedule + 1
end
-- Where some were not taken, whoever asked tells of the others.
if ARGV[3] ~= '' and not stale then redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'type', 'schedule.fires', 'data', ARGV[3]) end
return answer
