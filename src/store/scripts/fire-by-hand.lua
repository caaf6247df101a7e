-- A fire that a person asks for: in the ledger, and on the list of what is to be sent.
-- KEYS: schedules of the app, runs by hand of the app, ledger, unsent fires, events, versions
-- ARGV: name, at (ms), JSON, run (JSON), field of the unsent fire, its JSON, event, kept fires, kept ms, wake channel, app   → 1; 0: a fire has this very instant; -1: there is no such schedule
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -1 end
-- Its answer was lost, and it is sent again.
if redis.call('ZSCORE', KEYS[3], ARGV[3]) then return 1 end
if redis.call('ZCOUNT', KEYS[3], ARGV[2], ARGV[2]) > 0 then return 0 end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - ARGV[8])
redis.call('PEXPIRE', KEYS[3], ARGV[9])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
redis.call('HSET', KEYS[4], ARGV[5], ARGV[6])
redis.call('HINCRBY', KEYS[6], ARGV[11], 1)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, '*', 'type', 'schedule.fires', 'data', ARGV[7])
redis.call('PUBLISH', ARGV[10], '')
return 1
