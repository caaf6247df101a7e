-- Adds to the numbers of a hash: all of them, or none.
-- KEYS: hash   ARGV: s to live ('0': it is kept), then field and amount in turn
redis.call('PERSIST', KEYS[1]) -- goes first, so that a full memory does not stop what follows: see README
for i = 2, #ARGV, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[1] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return 1
