-- Keeps the result (or the intent) of a step. A finished step is an advance: it gives the attempt budget back.
-- KEYS lock, run, steps. ARGV token, fence, name, record. Answers {'ok'} | {'lost'} | {'fenced'}.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return {'fenced'} end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('HDEL', KEYS[2], 'failures', 'crashes')
return {'ok'}
