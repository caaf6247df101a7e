-- Tells how a try of a hook or probe stands.
-- KEYS: sign   ARGV: sign JSON, ms to live, first ('1': only where there is none yet)   → 1 told, 0 another stands there
redis.call('PERSIST', KEYS[1]) -- goes first, so that a full memory does not stop what follows: see README
if ARGV[3] == '1' then
  return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') and 1 or 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
