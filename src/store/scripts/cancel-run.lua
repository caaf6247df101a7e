-- Asks for the end of a run that has not ended. KEYS job, run. Answers 'ok', 'gone' or 'ended'.
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 'ended' end
redis.call('HSET', KEYS[2], 'cancel', '1')
return 'ok'
