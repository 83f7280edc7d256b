/** Seconds. Facts and days outlive a year of disuse; windows know gaps of the last 30 days. */
const KEPT = { facts: 400 * 86_400, windows: 32 * 86_400, ips: 30 * 86_400 };
/** New addresses kept for a key; the newest stay. */
const NEWS_KEPT = 16;

/** The rule of mergeable-facts.ts: whether a value takes the place of the known one. */
const WINS = `
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local function number(value) return tonumber(string.match(value, '^[^|]*')) end
local function wins(name, value, known)
  if not known then return true end
  local a, b = number(value), number(known)
  if not a or not b then return not b and (a ~= nil or before(known, value)) end
  local greater = string.sub(name, 1, 1) == '>'
  if a == b then
    if greater then return before(known, value) end
    return before(value, known)
  end
  if greater then return a > b end
  return a < b
end`;

/** What a bucket's list of changes tells: its newest version, and names and versions after a given one, at most so many. */
const CHANGES = `
local function newest(changes) return redis.call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2] or '0' end
local function after(changes, version, most)
  return redis.call('ZRANGEBYSCORE', changes, '(' .. version, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
end`;

/**
 * Merges contributions to API keys of some buckets. KEYS: for each bucket changes and published, then facts, windows,
 * sketches, days, ips, firsts of each API key in it. ARGV: batch number, how many names to give at most, address limit,
 * now, the oldest day kept, and an argument (script-argument.ts): for each bucket a version and a count of API keys, for each of
 * these its name, four times a count and so many pairs of name and value, and a count and so many of address, first,
 * last. Returns the names of the API keys that have too many addresses to be listed, and for each bucket the number of
 * the process' batch before, the newest version before and after this, and names and versions of what others changed
 * after the given version.
 */
const PUBLISH = `${WINS}${CHANGES}
local at = 1
local function arg()
  local text
  text, at = struct.unpack('>I4c0', ARGV[6], at)
  return text
end
local function prune(facts)
  if redis.call('HLEN', facts) <= 128 then return end
  local all, news = redis.call('HGETALL', facts), {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 9) == '<noticed:' then
      table.insert(news, { string.sub(all[i], 10), number(all[i + 1]) or 0 })
    end
  end
  table.sort(news, function(a, b) return a[2] > b[2] end)
  for i = ${NEWS_KEPT + 1}, #news do redis.call('HDEL', facts, '<noticed:' .. news[i][1], '<news:' .. news[i][1]) end
end
local function merge(key, ttl)
  local changed, fresh = false, false
  for _ = 1, tonumber(arg()) do
    local name, value = arg(), arg()
    if wins(name, value, redis.call('HGET', key, name)) then
      if redis.call('HSET', key, name, value) == 1 then fresh = true end
      changed = true
    end
  end
  if changed then redis.call('EXPIRE', key, ttl) end
  return changed, fresh
end
-- Looked for when a field is new, so that no hash outgrows the instances and days of its time.
local function forgetSilent(key, since)
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if (number(all[i + 1]) or 0) < since then redis.call('HDEL', key, all[i]) end
  end
end
local function forgetDays(key, oldest)
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 2, 11) < oldest then redis.call('HDEL', key, name) end
  end
end
local over = {}
local limit, now = tonumber(ARGV[3]), tonumber(ARGV[4])
local function mergeKey(base)
  local name = arg()
  local facts, ips, firsts = KEYS[base], KEYS[base + 4], KEYS[base + 5]
  local changed = merge(facts, ${KEPT.facts})
  if changed then prune(facts) end
  for part, ttl in ipairs({ ${KEPT.windows}, ${KEPT.ips} }) do
    local more, fresh = merge(KEYS[base + part], ttl)
    if more then changed = true end
    if fresh then forgetSilent(KEYS[base + part], now - ${KEPT.windows}) end
  end
  local _, fresh = merge(KEYS[base + 3], ${KEPT.facts})
  if fresh then forgetDays(KEYS[base + 3], ARGV[5]) end
  local count = tonumber(arg())
  local isOver = redis.call('HEXISTS', facts, '>over') == 1
  local size = count > 0 and not isOver and redis.call('ZCARD', ips) or 0
  for _ = 1, count do
    local ip, first, last = arg(), arg(), arg()
    if not isOver and tonumber(last) > now - ${KEPT.ips} then
      local added = redis.call('ZADD', ips, 'GT', 'CH', last, ip)
      if added + redis.call('ZADD', firsts, 'LT', 'CH', first, ip) > 0 then changed = true end
      if added > 0 then size = size + 1 end
      if size > limit then
        size = redis.call('ZCARD', ips)
        if size > limit then
          isOver = true
          redis.call('HSET', facts, '>over', '1')
          redis.call('DEL', ips, firsts)
        end
      end
    end
  end
  if count > 0 and not isOver then
    local old = redis.call('ZRANGEBYSCORE', ips, '-inf', now - ${KEPT.ips}, 'LIMIT', 0, 500)
    if #old > 0 then
      redis.call('ZREM', ips, unpack(old))
      redis.call('ZREM', firsts, unpack(old))
    end
    redis.call('EXPIRE', ips, ${KEPT.ips})
    redis.call('EXPIRE', firsts, ${KEPT.ips})
  end
  if isOver and count > 0 then table.insert(over, name) end
  return changed, name
end
local time = redis.call('TIME')
local buckets, place = {}, 1
while place < #KEYS do
  local changes, published = KEYS[place], KEYS[place + 1]
  place = place + 2
  local known, heard = newest(changes), after(changes, arg(), ARGV[2])
  local version = math.max(time[1] * 1000000 + time[2], tonumber(known) + 1)
  for _ = 1, tonumber(arg()) do
    local changed, name = mergeKey(place)
    if changed then
      redis.call('ZADD', changes, string.format('%.0f', version), name)
      version = version + 1
    end
    place = place + 6
  end
  redis.call('ZREMRANGEBYSCORE', changes, '-inf', string.format('%.0f', (now - ${KEPT.facts}) * 1000000))
  redis.call('EXPIRE', changes, ${KEPT.facts})
  local last = redis.call('GET', published) or '0'
  redis.call('SET', published, ARGV[1], 'EX', ${KEPT.facts})
  table.insert(buckets, { last, known, newest(changes), heard })
end
return { over, buckets }`;

/**
 * KEYS: changes and published of each bucket. ARGV: how many names to give at most, and a version for each bucket.
 * Returns for each bucket the newest version, the number of the process' last batch, and names and versions of what
 * changed after the given version.
 */
const POLL = `${CHANGES}
local buckets = {}
for i = 1, #KEYS, 2 do
  local changed = after(KEYS[i], ARGV[1 + (i + 1) / 2], ARGV[1])
  table.insert(buckets, { newest(KEYS[i]), redis.call('GET', KEYS[i + 1]) or '0', changed })
end
return buckets`;

/**
 * KEYS: facts, windows, sketches, ips, firsts of each API key. ARGV: now. Returns for each of them facts, windows and
 * sketches as flat lists, [addresses of the last hour, day, 30 days, when the first of them leaves its window], and
 * when each new address was first seen by anybody.
 */
const READ = `
local now = tonumber(ARGV[1])
local answer = {}
for base = 1, #KEYS, 5 do
  local ips, firsts = KEYS[base + 3], KEYS[base + 4]
  local facts = redis.call('HGETALL', KEYS[base])
  local unique, leaves = {}, 0
  for _, span in ipairs({ 3600, 86400, 2592000 }) do
    table.insert(unique, redis.call('ZCOUNT', ips, '(' .. (now - span), '+inf'))
    local oldest = redis.call('ZRANGEBYSCORE', ips, '(' .. (now - span), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if oldest[2] and (leaves == 0 or oldest[2] + span < leaves) then leaves = oldest[2] + span end
  end
  table.insert(unique, leaves)
  local news, over = {}, false
  for i = 1, #facts, 2 do
    if facts[i] == '>over' then over = true end
    if string.sub(facts[i], 1, 6) == '<news:' then
      local ip = string.gsub(string.sub(facts[i], 7), '%x%x', function(hex) return string.char(tonumber(hex, 16)) end)
      table.insert(news, facts[i])
      table.insert(news, redis.call('ZSCORE', firsts, ip) or '')
    end
  end
  local sketches = over and redis.call('HGETALL', KEYS[base + 2]) or {}
  table.insert(answer, { facts, redis.call('HGETALL', KEYS[base + 1]), sketches, unique, news })
end
return answer`;

/**
 * KEYS: days of each API key. ARGV: `@` and an instance. Returns for each of them a flat list of the instance's days and
 * their requests.
 */
const OWN_DAYS = `
local answer = {}
for _, key in ipairs(KEYS) do
  local all, own = redis.call('HGETALL', key), {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 12) == ARGV[1] then
      table.insert(own, all[i])
      table.insert(own, string.match(all[i + 1], '^[^|]*'))
    end
  end
  table.insert(answer, own)
end
return answer`;

/** What runs inside Redis, by the name it is called by. Each touches the keys of the buckets it is given alone. */
export const SCRIPTS = {
  atenderPublish: { lua: PUBLISH },
  atenderPoll: { lua: POLL, readOnly: true },
  atenderRead: { lua: READ, readOnly: true },
  atenderOwnDays: { lua: OWN_DAYS, readOnly: true },
} as const;
export type ScriptName = keyof typeof SCRIPTS;
