-- Keeps the result (or the intent) of a step. A finished step is an advance, and gives the attempt budget back; an intent or a failure is none.
-- KEYS lock, run, steps. ARGV token, fence, name, record, finished ('1' or '0'). Answers {'ok'} | {'lost'} | {'fenced'}.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return {'fenced'} end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
if ARGV[5] == '1' then redis.call('HDEL', KEYS[2], 'failures', 'crashes') end
return {'ok'}
