import { script } from '../../net/redis-script'

/*
 * The outbox in Redis. Below the prefix and `outbox:`
 *
 *   items            hash: id -> arrival, header, payload (item-value.ts)
 *   counts           hash: line -> how many items
 *   due:<line>       sorted set: groups (of a line without order: ids) by when they are due
 *   off:<line>       sorted set: the same by when they were put off, those that were: after now, a clock was wrong
 *   heads:<line>     sorted set: groups by the arrival of their first item
 *   group:<group>    sorted set: ids by arrival
 *   lease:<turn>     who has a group, or an id that is on its own; ends by itself
 *   unreadable       hash: id -> why; such an item stands in `items`, and in no line
 *
 * A group that is taken counts as due when its lease is over, so that others need not pass over it. KEYS[1]: `items`. ARGV[1]: what all keys begin with.
 */
const COMMON = `
local P = ARGV[1]
local items, counts = P .. 'items', P .. 'counts'
local call = redis.call
local function isOrdered(line)
  return string.sub(line, 1, 8) == 'waiting/' or string.sub(line, 1, 7) == 'digest/'
end
local function placeOf(value)
  local first = string.find(value, '\\n', 1, true)
  local second = first and string.find(value, '\\n', first + 1, true)
  if not second then return nil end
  local isList, list = pcall(cjson.decode, string.sub(value, first + 1, second - 1))
  if not isList or type(list) ~= 'table' or type(list[1]) ~= 'string' or type(list[2]) ~= 'string' then return nil end
  return list[1], list[2], string.sub(value, 1, first - 1)
end
local function count(line, by)
  if call('HINCRBY', counts, line, by) <= 0 then call('HDEL', counts, line) end
end
local function putOff(line, turn, dueAt, offAt)
  call('ZADD', P .. 'due:' .. line, dueAt, turn)
  if offAt ~= '' then call('ZADD', P .. 'off:' .. line, offAt, turn) else call('ZREM', P .. 'off:' .. line, turn) end
end
local function forget(line, turn)
  call('ZREM', P .. 'due:' .. line, turn)
  call('ZREM', P .. 'off:' .. line, turn)
  if isOrdered(line) then call('ZREM', P .. 'heads:' .. line, turn) end
end
local function link(id, line, group, parkedAt, dueAt, offAt)
  count(line, 1)
  if not isOrdered(line) then return putOff(line, id, dueAt, offAt) end
  local key = P .. 'group:' .. group
  call('ZADD', key, parkedAt, id)
  if call('ZRANK', key, id) ~= 0 then return end
  call('ZADD', P .. 'heads:' .. line, parkedAt, group)
  putOff(line, group, dueAt, offAt)
end
local function headIsGone(line, group)
  local head = call('ZRANGE', P .. 'group:' .. group, 0, 0, 'WITHSCORES')
  if #head == 0 then return forget(line, group) end
  call('ZADD', P .. 'heads:' .. line, head[2], group)
  putOff(line, group, 0, '')
end
local function unlink(id, line, group)
  count(line, -1)
  if not isOrdered(line) then return forget(line, id) end
  local key = P .. 'group:' .. group
  local rank = call('ZRANK', key, id)
  call('ZREM', key, id)
  if rank == 0 then headIsGone(line, group) end
end
local function remove(id)
  local value = call('HGET', items, id)
  if not value then return end
  local line, group = placeOf(value)
  local isShelved = call('HDEL', P .. 'unreadable', id) == 1
  if line and not isShelved then unlink(id, line, group) end
  call('HDEL', items, id)
end
`

const outboxScript = (source: string): ReturnType<typeof script> => script(COMMON + source)

/**
 * KEYS[2..4]: where v0.1 kept headers, parcels, arrivals. ARGV[2]: id; [3]: header; [4]: payload; [5]: line; [6]: group; [7]: arrival; [8]: when due; [9]: when it was put
 * off, or ''; [10]: whether it comes from v0.1's place, and must not replace what is newer.
 */
export const PARK = outboxScript(`
local id, line, group, parkedAt = ARGV[2], ARGV[5], ARGV[6], ARGV[7]
local before = call('HGET', items, id)
local isOld = call('HEXISTS', KEYS[2], id) == 1
if ARGV[10] == '1' and (before or not isOld) then
  if not isOld then return end
else
  local oldLine, oldGroup, arrived
  if before then
    oldLine, oldGroup, arrived = placeOf(before)
    if call('HDEL', P .. 'unreadable', id) == 1 then oldLine = nil end
  elseif isOld then arrived = call('ZSCORE', KEYS[4], id) end
  if arrived and tonumber(arrived) then parkedAt = arrived end
  call('HSET', items, id, parkedAt .. '\\n' .. ARGV[3] .. '\\n' .. ARGV[4])
  if oldLine == line and oldGroup == group then
    if not isOrdered(line) then putOff(line, id, ARGV[8], ARGV[9])
    elseif call('ZRANK', P .. 'group:' .. group, id) == 0 then putOff(line, group, ARGV[8], ARGV[9]) end
  else
    if oldLine then unlink(id, oldLine, oldGroup) end
    link(id, line, group, parkedAt, ARGV[8], ARGV[9])
  end
end
if isOld then
  call('HDEL', KEYS[2], id)
  call('HDEL', KEYS[3], id)
  call('ZREM', KEYS[4], id)
end`)

/** KEYS[2..4] as above. ARGV[2]: id. Its value, or what v0.1 kept of it. */
export const READ = outboxScript(`
local value = call('HGET', items, ARGV[2])
if value then return {value} end
return {false, call('HGET', KEYS[2], ARGV[2]), call('HGET', KEYS[3], ARGV[2]), call('ZSCORE', KEYS[4], ARGV[2])}`)

/** KEYS[2..4] as above. ARGV[2..]: ids. */
export const REMOVE = outboxScript(`
local isOld = call('EXISTS', KEYS[2]) == 1
for i = 2, #ARGV do
  remove(ARGV[i])
  if isOld then
    call('HDEL', KEYS[2], ARGV[i])
    call('HDEL', KEYS[3], ARGV[i])
    call('ZREM', KEYS[4], ARGV[i])
  end
end`)

/** KEYS[2]: where v0.1 kept headers. Whether there are any; then line, count, arrival of its first, for each. */
export const LINES = outboxScript(`
local all = {call('EXISTS', KEYS[2])}
local flat = call('HGETALL', counts)
for i = 1, #flat, 2 do
  local line, oldest = flat[i], nil
  if isOrdered(line) then oldest = call('ZRANGE', P .. 'heads:' .. line, 0, 0, 'WITHSCORES')[2]
  else
    local id = call('ZRANGE', P .. 'due:' .. line, 0, 0)[1]
    local value = id and call('HGET', items, id)
    if value then oldest = string.match(value, '^[^\\n]*') end
  end
  all[#all + 1] = {line, flat[i + 1], oldest or '0'}
end
return all`)

/** ARGV[2]: line; [3], [4]: index of the group (of a line without order: the item; or `(` and after when it is due) and of the item to begin with; [5]: how many; [6]: bytes to look at. */
export const PAGE = outboxScript(`
local line, g, i, left, bytes = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if not g then g = call('ZCOUNT', P .. 'due:' .. line, '-inf', string.sub(ARGV[3], 2)) end
local heads, page = {}, {}
local function add(id)
  bytes = bytes - call('HSTRLEN', items, id)
  if bytes < 0 and #heads > 0 then return false end
  local value = call('HGET', items, id)
  heads[#heads + 1] = id
  heads[#heads + 1] = value and string.match(value, '^[^\\n]*\\n[^\\n]*') or ''
  left = left - 1
  return true
end
if not isOrdered(line) then
  for _, id in ipairs(call('ZRANGE', P .. 'due:' .. line, g, g + left - 1)) do
    if not add(id) then return {heads, g, 0} end
    g = g + 1
  end
  if left > 0 then return {heads} end
  return {heads, g, 0}
end
local groups = call('ZRANGE', P .. 'heads:' .. line, g, g + left - 1)
for _, group in ipairs(groups) do
  local ids = call('ZRANGE', P .. 'group:' .. group, i, i + left - 1)
  for _, id in ipairs(ids) do
    if not add(id) then return {heads, g, i} end
    i = i + 1
  end
  if left <= 0 then return {heads, g, i} end
  g = g + 1
  i = 0
end
if #groups == 0 then return {heads} end
return {heads, g, 0}`)

/**
 * ARGV[2]: line; [3]: now; [4]: the same, or '+inf' where it is of no matter which clock is wrong; [5]: groups; [6]: items; [7]: bytes; [8]: holder; [9]: lease in ms; [10]: the longest lease; [11]: when
 * what is taken counts as due. Answers with {group, id, value, …} for each.
 */
export const TAKE_DUE = outboxScript(`
local line, groups, left, bytes, longest = ARGV[2], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[10])
local due = P .. 'due:' .. line
local found, seen = {}, {}
local function look(those)
  for _, turn in ipairs(those) do
    if not seen[turn] and #found < groups then
      seen[turn] = true
      local leased = call('PTTL', P .. 'lease:' .. turn)
      if leased < 0 or leased > longest then found[#found + 1] = turn end
    end
  end
end
local offset = 0
while #found < groups and offset < 1024 do
  local page = call('ZRANGEBYSCORE', due, '-inf', ARGV[3], 'LIMIT', offset, groups)
  look(page)
  offset = offset + groups
  if #page < groups then break end
end
if #found < groups then
  look(call('ZRANGEBYSCORE', P .. 'off:' .. line, '(' .. ARGV[4], '+inf', 'LIMIT', 0, groups))
end
local each = math.max(1, math.ceil(left / math.max(1, #found)))
local taken, isFull, size = {}, false, 0
for _, turn in ipairs(found) do
  if left <= 0 or isFull then break end
  local ids = {turn}
  if isOrdered(line) then ids = call('ZRANGE', P .. 'group:' .. turn, 0, math.min(each, left) - 1) end
  local entry, few = {turn}, {}
  for _, id in ipairs(ids) do
    size = size + call('HSTRLEN', items, id)
    if size > bytes and (#taken > 0 or #few > 0) then
      isFull = true
      break
    end
    few[#few + 1] = id
  end
  local values = #few > 0 and call('HMGET', items, unpack(few)) or {}
  for n, id in ipairs(few) do
    if values[n] then
      entry[#entry + 1] = id
      entry[#entry + 1] = values[n]
      left = left - 1
    else unlink(id, line, turn) end
  end
  if #entry > 1 then
    -- A server whose memory is full refuses what may need more of it, unless the script has written before: a full one must be drained.
    call('DEL', P .. 'lease:' .. turn)
    call('SET', P .. 'lease:' .. turn, ARGV[8], 'PX', ARGV[9])
    call('ZADD', due, ARGV[11], turn)
    call('ZREM', P .. 'off:' .. line, turn)
    taken[#taken + 1] = entry
  elseif #ids == 0 then forget(line, turn) end
end
return taken`)

/** ARGV[2]: id; [3]: turn; [4]: holder; [5]: lease in ms; [6]: the longest lease; [7]: line; [8]: when it counts as due. Its value, when it still stands where it did. */
export const TAKE = outboxScript(`
local value = call('HGET', items, ARGV[2])
if not value then return false end
local lease = P .. 'lease:' .. ARGV[3]
local leased = call('PTTL', lease)
if leased >= 0 and leased <= tonumber(ARGV[6]) then return false end
local line, group = placeOf(value)
if line ~= ARGV[7] or (isOrdered(line) and group or ARGV[2]) ~= ARGV[3] then return false end
call('SET', lease, ARGV[4], 'PX', ARGV[5])
return value`)

/**
 * ARGV[2..]: for each turn its line, turn, holder, when it counted as due meanwhile; when it is due now, and was put off ('': at once); how many of its items are gone, and
 * their ids. In few steps, whatever the number: a backlog is as many of these.
 */
export const GIVE_BACK = outboxScript(`
local i = 2
while i <= #ARGV do
  local line, turn, last = ARGV[i], ARGV[i + 1], i + 6 + tonumber(ARGV[i + 6])
  if last > i + 6 then
    local ids = {}
    for j = i + 7, last do ids[#ids + 1] = ARGV[j] end
    local key = P .. 'group:' .. turn
    local head = isOrdered(line) and call('ZRANGE', key, 0, 0)[1]
    if head then
      local there = call('ZREM', key, unpack(ids))
      if there == #ids then
        count(line, -there)
        call('HDEL', items, unpack(ids))
      else
        if there > 0 then count(line, -there) end
        for _, id in ipairs(ids) do
          local value = call('HGET', items, id)
          local nowLine, nowGroup = nil, nil
          if value then nowLine, nowGroup = placeOf(value) end
          if nowLine == line and nowGroup == turn then call('HDEL', items, id) else remove(id) end
        end
      end
      if call('ZRANGE', key, 0, 0)[1] ~= head then headIsGone(line, turn) end
    else
      for _, id in ipairs(ids) do remove(id) end
    end
  end
  local lease = P .. 'lease:' .. turn
  if call('GET', lease) == ARGV[i + 2] then
    call('DEL', lease)
    local score = call('ZSCORE', P .. 'due:' .. line, turn)
    local isUnchanged = score and tonumber(score) == tonumber(ARGV[i + 3])
    if isUnchanged and ARGV[i + 4] == '' then putOff(line, turn, 0, '')
    elseif score and ARGV[i + 4] ~= '' and (isUnchanged or isOrdered(line)) then putOff(line, turn, ARGV[i + 4], ARGV[i + 5]) end
  end
  i = last + 1
end`)

/** ARGV[2]: id; [3]: its value; [4]: why it cannot be read; [5], [6]: line and group in which it stood. Takes it out of its line, unless it is another by now. */
export const SHELVE = outboxScript(`
local value = call('HGET', items, ARGV[2])
if value ~= ARGV[3] then return end
if call('HSET', P .. 'unreadable', ARGV[2], ARGV[4]) == 0 then return end
unlink(ARGV[2], ARGV[5], ARGV[6])`)

/** KEYS[2..4] as for PARK. ARGV[2]: where to go on in the headers. The next cursor; then id, header, payload, arrival for some of them. */
export const OLD_ITEMS = outboxScript(`
local scanned = call('HSCAN', KEYS[2], ARGV[2], 'COUNT', 100)
local all = {scanned[1]}
for i = 1, #scanned[2], 2 do
  local id = scanned[2][i]
  all[#all + 1] = {id, scanned[2][i + 1], call('HGET', KEYS[3], id), call('ZSCORE', KEYS[4], id)}
end
return all`)
