-- Makes an ended run ready to be queued again: its failures no longer count, and with restart its work is forgotten.
-- KEYS run, steps, live. ARGV job ID, restart ('1' or '0').
redis.call('HDEL', KEYS[1], 'outcome', 'park', 'cancel', 'error', 'failures', 'crashes', 'yielded', 'startedAt')
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'state', 'cursors', 'version', 'bytes', 'savedAt', 'count', 'progress')
  redis.call('SREM', KEYS[3], ARGV[1])
elseif redis.call('HEXISTS', KEYS[1], 'state') == 1 or redis.call('HEXISTS', KEYS[1], 'cursors') == 1 then
  redis.call('SADD', KEYS[3], ARGV[1])
end
return 1
