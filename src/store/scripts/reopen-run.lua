-- Makes an ended run ready to be queued again: its failures no longer count, and with restart its work is forgotten.
-- Its outcome and why it was parked stay until it starts: should it not get into the queue, it stands as before, with its choices.
-- KEYS run, steps, live, failed (of the queue). ARGV job ID, restart ('1' or '0'). Answers 0 where it has not ended, or no longer stands there.
if not redis.call('ZSCORE', KEYS[4], ARGV[1]) and redis.call('HGET', KEYS[1], 'cancel') ~= '1' then return 0 end
redis.call('HDEL', KEYS[1], 'cancel', 'error', 'failures', 'crashes', 'yielded', 'startedAt')
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'state', 'cursors', 'version', 'bytes', 'savedAt', 'count', 'progress')
  redis.call('HDEL', KEYS[1], 'stateRelease', 'formerState', 'formerVersion', 'formerCursors', 'formerSavedAt', 'formerCount')
  redis.call('SREM', KEYS[3], ARGV[1])
elseif redis.call('HEXISTS', KEYS[1], 'state') == 1 or redis.call('HEXISTS', KEYS[1], 'cursors') == 1 then
  redis.call('SADD', KEYS[3], ARGV[1])
end
return 1
