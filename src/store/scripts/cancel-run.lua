-- Asks for the end of a run that has not ended; in a workflow run that has begun nothing begins any more, and its runs are cancelled by a host.
-- KEYS job, run, workflow, agenda, steps, live. ARGV member of the agenda, its app, job ID, who asks, for what ('': not said). Answers 'ok'; 'asked': somebody had asked before; 'gone', 'ended', or 'again': the agenda is another app's.
-- include workflow-steps
-- include whose-record
-- include cancelling
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 'ended' end
begin_anew_for(KEYS[1], KEYS[2], KEYS[5], KEYS[6], ARGV[3])
local begun = redis.call('HEXISTS', KEYS[3], 'plan') == 1
if begun and redis.call('HGET', KEYS[3], 'app') ~= ARGV[2] then return 'again' end
local asked = redis.call('HGET', KEYS[2], 'cancel') == '1'
mark_cancelled(KEYS[2], who_cancels(ARGV[4], ARGV[5]))
if begun then
  local now = now_ms()
  stop(KEYS[3], plan_of(KEYS[3]), 'cancelled', now)
  changed(KEYS[3], KEYS[4], ARGV[1], now)
end
return asked and 'asked' or 'ok'
