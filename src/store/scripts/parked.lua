-- What scripts share that keep parked runs; no act of its own. The queue removes what has ended by its age, which is its score: a parked one stands so far ahead
-- (as `run-places.ts` knows) that no age reaches it, by the time of its end all the same.
local AHEAD = 100000000000000
-- It is looked at again, to see whether somebody has decided, or removed it.
local AGAIN_MS = 3600000
-- … and where the queue has not yet recorded its end.
local SOON_MS = 60000
local function keep_parked(failed, expiring, id, now)
  local score = tonumber(redis.call('ZSCORE', failed, id) or '0')
  if score > 0 and score < AHEAD then redis.call('ZADD', failed, 'XX', string.format('%.0f', score + AHEAD), id) end
  redis.call('ZADD', expiring, now + (score > 0 and AGAIN_MS or SOON_MS), id)
end
