-- Where the queue has a job, at one instant. (A transaction would do, but none begins while memory is full.)
-- KEYS: sets of the queue, then its active list   ARGV: job ID   → the index of the first that holds it, or 0
for i = 1, #KEYS - 1 do
  if redis.call('ZSCORE', KEYS[i], ARGV[1]) then return i end
end
if redis.call('LPOS', KEYS[#KEYS], ARGV[1]) then return #KEYS end
return 0
