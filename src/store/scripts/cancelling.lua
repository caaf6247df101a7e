-- What scripts share that cancel runs; no act of its own. Who asked first counts, and stays. `by` ('': the workflow run that it is part of), `reason` ('': none).
local function who_cancels(by, reason)
  local time = redis.call('TIME')
  return cjson.encode({ by = by, reason = reason, at = time[1] * 1000 + math.floor(time[2] / 1000) })
end
local function mark_cancelled(run, who)
  if redis.call('HGET', run, 'cancel') ~= '1' then redis.call('HSET', run, 'cancel', '1', 'cancelWhy', who) end
end
