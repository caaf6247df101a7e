-- What scripts of workflows share; no act of its own. `plan` is JSON of the steps in order: [name, kind, 'stop' or 'continue', [places of those in after, from 0]].
-- Of each step the hash of the workflow has: s: state, n: runs in all, l: of these not settled, f: failed, c: cancelled because the workflow stops,
-- q: enqueued up to here, x: looked at for its end up to here, t: due (ms), b: ready since, e: settled since, g: a signal that came, i: with which request, o: what its runs are, a: they are being queued again;
-- and, as the plan has it: w: names of those in after, d: names of those that have it in theirs.
-- Results have one field a run: '=' and JSON where it is done, '!' where it failed, '~' where it was cancelled with the workflow, both with the round: how often
-- a person had retried the workflow by then.
local SETTLED = {done = true, failed = true, skipped = true, stopped = true}

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function plan_of(wf)
  return cjson.decode(redis.call('HGET', wf, 'plan'))
end

local function step_of(plan, name)
  for _, step in ipairs(plan) do if step[1] == name then return step end end
end

-- Whoever read the workflow before has to look again; `at`: when somebody does so at the latest. Answers its revision.
local function changed(wf, agenda, member, at)
  redis.call('ZADD', agenda, at, member)
  return redis.call('HINCRBY', wf, 'rev', 1)
end

-- Lets begin what waits for nothing any more, skips what has nothing before it; nothing begins once the workflow stops.
-- Answers the names of what is ready since, and whether all of it has come to its end.
local function release(wf, plan, now)
  local names = {'stop'}
  for _, step in ipairs(plan) do names[#names + 1] = 's:' .. step[1] end
  local states = redis.call('HMGET', wf, unpack(names))
  local stops = table.remove(states, 1)
  local set, ready, over = {}, {}, true
  local function put(i, state)
    states[i] = state
    local name = plan[i][1]
    if state == 'ready' then ready[#ready + 1] = name end
    set[#set + 1] = 's:' .. name
    set[#set + 1] = state
    set[#set + 1] = (SETTLED[state] and 'e:' or 'b:') .. name
    set[#set + 1] = now
  end
  for i, step in ipairs(plan) do
    if stops and (states[i] == 'waiting' or states[i] == 'ready' or (states[i] == 'running' and (step[2] == 'signal' or step[2] == 'wait'))) then
      put(i, 'stopped')
    elseif states[i] == 'waiting' then
      local open, wanted = false, #step[4] == 0
      for _, place in ipairs(step[4]) do
        local before = states[place + 1]
        if not SETTLED[before] then open = true end
        if before ~= 'skipped' then wanted = true end
      end
      if not open then put(i, wanted and 'ready' or 'skipped') end
    end
    if not SETTLED[states[i]] then over = false end
  end
  if #set > 0 then redis.call('HSET', wf, unpack(set)) end
  return ready, over
end

-- Nothing begins any more. The second of two reasons only counts where it is a person's.
local function stop(wf, plan, how, now)
  local before = redis.call('HGET', wf, 'stop')
  if before == how or before == 'cancelled' then return end
  redis.call('HSET', wf, 'stop', how)
  for _, step in ipairs(plan) do redis.call('HDEL', wf, 'x:' .. step[1]) end
  release(wf, plan, now)
end

-- A step that may let the workflow fail has failed.
local function failed(wf, plan, name, why, now)
  if step_of(plan, name)[3] == 'continue' then return end
  redis.call('HSETNX', wf, 'why', why)
  stop(wf, plan, 'failed', now)
end

-- The same for what waited for one step, without a look at all the others. Answers nothing where that does not do: the workflow stops, something is to be skipped, or this was the last.
local function follow(wf, name, now)
  local after = redis.call('HMGET', wf, 'd:' .. name, 'stop')
  if not after[1] or after[2] then return nil end
  local ready, set, open = {}, {}, false
  for later in string.gmatch(after[1], '[^,]+') do
    local at = redis.call('HMGET', wf, 's:' .. later, 'w:' .. later)
    if at[1] == 'waiting' then
      local fields, waits, wanted = {}, false, false
      for before in string.gmatch(at[2], '[^,]+') do fields[#fields + 1] = 's:' .. before end
      for _, state in ipairs(redis.call('HMGET', wf, unpack(fields))) do
        if not SETTLED[state] then waits = true end
        if state ~= 'skipped' then wanted = true end
      end
      if waits then open = true
      elseif not wanted then return nil
      else
        ready[#ready + 1] = later
        for _, text in ipairs({'s:' .. later, 'ready', 'b:' .. later, now}) do set[#set + 1] = text end
      end
    end
  end
  if #set > 0 then redis.call('HSET', wf, unpack(set)) elseif not open then return nil end
  return ready
end

-- A step has come to its end: what waited for it goes on. `plan` may be left out. Answers as `release`.
local function settle(wf, plan, name, state, now)
  redis.call('HSET', wf, 's:' .. name, state, 'e:' .. name, now)
  redis.call('HDEL', wf, 't:' .. name)
  local ready = follow(wf, name, now)
  if ready then return ready, false end
  return release(wf, plan or plan_of(wf), now)
end

-- One of its runs has. Answers whether it was the last, and then as `release`.
local function settle_run(wf, plan, name, mark, now)
  local left = redis.call('HINCRBY', wf, 'l:' .. name, -1)
  local count = {['!'] = 'f:', ['~'] = 'c:'}
  if count[mark] then redis.call('HINCRBY', wf, count[mark] .. name, 1) end
  if left > 0 then return false end
  local bad = redis.call('HMGET', wf, 'f:' .. name, 'c:' .. name)
  local state = tonumber(bad[1] or '0') > 0 and 'failed' or tonumber(bad[2] or '0') > 0 and 'stopped' or 'done'
  return true, settle(wf, plan, name, state, now)
end
