-- Makes an ended run ready to be queued again: its failures no longer count, and with restart its work is forgotten.
-- KEYS run, steps, live, failed (of the queue), workflow, its results, runs without their job, reopened workflow runs of the queue. ARGV job ID, restart ('1' or '0'), keep the note that it lacks its job ('1' or '0'). Answers 0 where it has not ended, or no longer stands there.
-- include reopening
if not redis.call('ZSCORE', KEYS[4], ARGV[1]) and redis.call('HGET', KEYS[1], 'cancel') ~= '1' then return 0 end
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'state', 'cursors', 'version', 'bytes', 'savedAt', 'count', 'progress')
  redis.call('HDEL', KEYS[1], 'stateRelease', 'formerState', 'formerVersion', 'formerCursors', 'formerSavedAt', 'formerCount')
  redis.call('SREM', KEYS[3], ARGV[1])
end
if ARGV[3] ~= '1' then redis.call('HDEL', KEYS[7], ARGV[1]) end
reopen(KEYS[1], KEYS[2], KEYS[3], KEYS[5], KEYS[6], KEYS[8], ARGV[1])
return 1
