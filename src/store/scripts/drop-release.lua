-- Removes a release, and those of its blobs that no other release names.
-- KEYS: releases of the app, release, then the blob of each file   ARGV: id   → 1 removed, 0 was not there
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2])
for i = 3, #KEYS do
  if redis.call('HINCRBY', KEYS[i], 'releases', -1) <= 0 then redis.call('DEL', KEYS[i]) end
end
return 1
