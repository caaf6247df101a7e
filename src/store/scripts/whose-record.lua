-- What scripts share that find the record of a run; no act of its own. Its job may have been removed (by its producer's wish, or by hand), and another one asked for under the same ID: the
-- record of the first is none of that one's. The fence goes on, so that nobody who computed the first can write; so do the fields of seats, which are taken before a start.
local OF_ANY = { fence = true, seatKey = true, askedAt = true, beginsAt = true, begun = true, waits = true }
local function begin_anew_for(job, run, steps, live, id)
  local asked, kept = redis.call('HGET', job, 'timestamp'), redis.call('HGET', run, 'ofJob')
  if not asked or asked == kept then return end
  if kept then
    for _, field in ipairs(redis.call('HKEYS', run)) do
      if not OF_ANY[field] then redis.call('HDEL', run, field) end
    end
    redis.call('DEL', steps)
    redis.call('SREM', live, id)
    local workflow = run .. ':wf'
    if redis.call('HEXISTS', workflow, 'plan') == 1 then redis.call('DEL', workflow, workflow .. ':results') end
  end
  redis.call('HSET', run, 'ofJob', asked)
end
