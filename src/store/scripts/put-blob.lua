-- Keeps a blob. Until a release names it, it lives for a day only: an upload that was broken off leaves nothing behind.
-- KEYS: blob   ARGV: encoding, size once decoded, stored bytes, time to live (s)   → 1 stored, 0 was there
if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('TTL', KEYS[1]) >= 0 then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
  return 0
end
redis.call('HSET', KEYS[1], 'encoding', ARGV[1], 'bytes', ARGV[2], 'data', ARGV[3], 'releases', 0)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
