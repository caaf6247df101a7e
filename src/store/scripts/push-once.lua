-- Adds a piece to a list that one writes piece by piece, and another reads when it is whole. A command whose answer was lost is sent again: what has been added by it already is not added twice.
-- KEYS list. ARGV how many are in it before this piece, ms to live, the piece …. Answers 1, or 0 where the list is another by now.
local before, pieces = tonumber(ARGV[1]), #ARGV - 2
local length = redis.call('LLEN', KEYS[1])
if length == before + pieces then return 1 end
if length ~= before then return 0 end
redis.call('RPUSH', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
