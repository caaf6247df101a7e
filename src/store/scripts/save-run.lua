-- Writes a checkpoint: only for the holder of the lock with the newest fence, so a checkpoint never goes back.
-- KEYS lock, run, live. ARGV token, fence, job ID, state, version, cursors ('' where there is none), mode ('save' or 'yield').
-- A state that differs from the last one is an advance: it gives the attempt budget back. A yield also takes the next fence, so that a
-- handover needs no further round trip. Answers {'ok', now, fence, advanced (1 or 0)} | {'lost'} | {'fenced'}.
--
-- What a rollback may need is kept beside the state: `stateRelease`, whose code wrote it, and in `former…` the last position of an older
-- version. None has version 0. A position that is not newer than the former one has replaced it.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local run = KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', run, 'fence', 'state', 'version', 'cursors', 'savedAt', 'count', 'release', 'stateRelease', 'formerVersion')
if kept[1] ~= ARGV[2] then
  -- Its own yield, sent again because the answer was lost: no start has come since.
  local own = ARGV[7] == 'yield' and tonumber(kept[1]) == ARGV[2] + 1 and redis.call('HGET', run, 'yielded') == '1'
  if own then return {'ok', now, kept[1], 0} end
  return {'fenced'}
end
-- Redis lets a script that has begun to write finish, also when its memory is full, and this write takes no room. A state stands in the place of the one
-- before; and a window must be able to end.
redis.call('PERSIST', run)
local state, version, cursors = ARGV[4], ARGV[5], ARGV[6]
local advanced = 0
if state ~= '' or cursors ~= '' then
  local lastState, lastVersion, lastCursors = kept[2] or '', kept[3] or '', kept[4] or ''
  local set, gone = {'bytes', #state + #cursors, 'savedAt', now}, {}
  local function put(field, value)
    if value == '' then gone[#gone + 1] = field return end
    set[#set + 1] = field
    set[#set + 1] = value
  end
  if lastState ~= state or lastCursors ~= cursors then
    gone = {'failures', 'crashes'}
    advanced = 1
  end
  put('state', state)
  put('version', version)
  put('cursors', cursors)
  local another = lastState ~= state or lastVersion ~= version or state == ''
  if another and kept[7] and kept[7] ~= kept[8] then put('stateRelease', kept[7]) end
  if lastVersion ~= version then
    local to = tonumber(version) or 0
    if to > (tonumber(lastVersion) or 0) then
      if lastState ~= '' or lastCursors ~= '' then
        put('formerState', lastState)
        put('formerVersion', tonumber(lastVersion) or 0)
        put('formerCursors', lastCursors)
        put('formerSavedAt', kept[5] or now)
        put('formerCount', kept[6] or 0)
      end
    elseif kept[9] and to <= tonumber(kept[9]) then
      for _, of in ipairs({'State', 'Version', 'Cursors', 'SavedAt', 'Count'}) do gone[#gone + 1] = 'former' .. of end
    end
  end
  if #gone > 0 then redis.call('HDEL', run, unpack(gone)) end
  redis.call('HSET', run, unpack(set))
  redis.call('HINCRBY', run, 'count', 1)
  redis.call('SADD', KEYS[3], ARGV[3])
end
local fence = ARGV[2]
if ARGV[7] == 'yield' then
  redis.call('HSET', run, 'yielded', '1')
  fence = redis.call('HINCRBY', run, 'fence', 1)
end
return {'ok', now, fence, advanced}
