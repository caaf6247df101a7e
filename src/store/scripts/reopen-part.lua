-- A run of a step is to go on, in the round that a person's retry has begun: it is no longer settled, and ready to be queued again. Hosts may do so at once, and one that comes late
-- changes nothing: what was settled in this round stays.
-- KEYS workflow, its results, then of the run: run, steps, live, failed (of the queue), job, workflow and its results, lock, reopened workflow runs of the queue. ARGV field, job ID, failed ones stay ('1' or '0').
-- Answers 'again' (to be queued, or enqueued where it is not there), 'there' (it is, or has nothing left to do) or 'busy' (a host is just about to end it).
-- include reopening
local mark = redis.call('HGET', KEYS[2], ARGV[1])
local kind = mark and string.sub(mark, 1, 1)
local round = tonumber(redis.call('HGET', KEYS[1], 'round') or '0')
if kind == '=' or (kind == '!' and ARGV[3] == '1') then return 'there' end
if mark and tonumber(string.sub(mark, 2)) >= round then return 'there' end
if mark and redis.call('EXISTS', KEYS[10]) == 1 then return 'busy' end
if mark then redis.call('HDEL', KEYS[2], ARGV[1]) end
local ended = redis.call('ZSCORE', KEYS[6], ARGV[2]) or redis.call('HGET', KEYS[3], 'cancel') == '1'
if not ended and redis.call('EXISTS', KEYS[7]) == 1 then return 'there' end
reopen(KEYS[3], KEYS[4], KEYS[5], KEYS[8], KEYS[9], KEYS[11], ARGV[2])
return 'again'
