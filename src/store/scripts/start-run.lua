-- One start of a run: takes the next fence and answers everything that a worker needs to go on.
-- KEYS lock, run, steps, results of the workflow that it is part of (else the run again), expiring, job, live, that workflow (else the run again). ARGV token, release, host, app, crashed ('1': the last start ended with its worker's death), crash limit,
-- lock time (ms), its field there (else ''), job ID. The lock begins anew: the answer to its claim may have been long on its way to a host that hung.
-- Crashes are counted on one release: those on another say nothing of this one.
-- One that is part of a workflow and was settled there before its host died has only to end. One that never started, of a workflow that has stopped meanwhile, is cancelled: in a window
-- nobody has come to that.
-- include whose-record
-- include cancelling
-- Answers {'lost'} | {'settled', fence, mark and result, error} | {'cancelled', fence} | {'poison', fence, crashes} | {'ok', fence, failures, crashes, state, version, cursors, savedAt, steps…}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run = KEYS[2]
local fence = redis.call('HINCRBY', run, 'fence', 1)
redis.call('PERSIST', run)
begin_anew_for(KEYS[6], run, KEYS[3], KEYS[7], ARGV[9])
redis.call('HDEL', run, 'yielded', 'stopped', 'outcome', 'park', 'keepMs')
redis.call('ZREM', KEYS[5], ARGV[9])
local first = redis.call('HSETNX', run, 'startedAt', now) == 1
if ARGV[8] ~= '' and first and redis.call('HEXISTS', KEYS[8], 'stop') == 1 then mark_cancelled(run, who_cancels('', '')) end
local another = redis.call('HGET', run, 'release') ~= ARGV[2]
if another then redis.call('HDEL', run, 'crashes') end
redis.call('HSET', run, 'release', ARGV[2], 'host', ARGV[3], 'app', ARGV[4], 'lastStart', now)
local settled = ARGV[8] ~= '' and redis.call('HGET', KEYS[4], ARGV[8])
if settled then return {'settled', fence, settled, redis.call('HGET', run, 'error') or ''} end
if redis.call('HGET', run, 'cancel') == '1' then return {'cancelled', fence} end
local crashes = tonumber(redis.call('HGET', run, 'crashes') or '0')
if ARGV[5] == '1' and not another then
  crashes = redis.call('HINCRBY', run, 'crashes', 1)
  if crashes >= tonumber(ARGV[6]) then return {'poison', fence, crashes} end
end
local kept = redis.call('HMGET', run, 'failures', 'state', 'version', 'cursors', 'savedAt')
local answer = {'ok', fence, kept[1] or '0', crashes, kept[2] or '', kept[3] or '', kept[4] or '', kept[5] or ''}
for _, part in ipairs(redis.call('HGETALL', KEYS[3])) do answer[#answer + 1] = part end
return answer
