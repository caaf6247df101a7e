-- Tidies up after a workflow run that the queue knows to have ended. A person may look at it, and retry one that failed, as long as it is kept.
-- KEYS workflow, agenda, live workflows of the queue, reopened ones, results, job, payloads of its steps … ARGV job ID, member of the agenda, ms to live, keep payloads ('1' or '0').
-- Somebody was fast, and has it go on.
if redis.call('EXISTS', KEYS[6]) == 1 and redis.call('HEXISTS', KEYS[6], 'finishedOn') == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
-- Whoever looks at it just now puts nothing into the agenda any more.
redis.call('HINCRBY', KEYS[1], 'rev', 1)
-- Twice is as once: it does not live longer for it.
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if redis.call('PTTL', KEYS[5]) == -1 then redis.call('PEXPIRE', KEYS[5], ARGV[3]) end
for i = 7, #KEYS do
  if ARGV[4] ~= '1' then redis.call('UNLINK', KEYS[i])
  elseif redis.call('PTTL', KEYS[i]) == -1 then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
end
return 1
