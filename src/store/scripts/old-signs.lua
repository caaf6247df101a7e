-- Text for others: forgets the last signs of life of hosts that fell silent long ago.
local function forget_old_signs(signs, hosts, keep_ms)
  local time = redis.call('TIME')
  local oldest = time[1] * 1000 - keep_ms
  local all = redis.call('HGETALL', signs)
  for i = 1, #all, 2 do
    local is_old = cjson.decode(all[i + 1]).at < oldest
    if is_old and not redis.call('ZSCORE', hosts, all[i]) then redis.call('HDEL', signs, all[i]) end
  end
end
