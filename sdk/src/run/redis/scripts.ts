/**
 * What Redis does in one step. Each script touches the keys of one slot: those of one run, or those of one flow's index.
 *
 * A run is a hash; its entries are a hash from place to `status, number, ended at, the rest as JSON, value`, a line each;
 * its mail is a hash from `n:<name>` to the numbers of messages, and from `v:<number>` to values.
 */

const SHARED = `
local function number(n) return string.format('%.17g', n) end
local function ended(status) return status == 'succeeded' or status == 'failed' or status == 'cancelled' end

local function held(run, token)
  local r = redis.call('HMGET', run, 'token', 'owner')
  return r[1] == token and r[2] ~= false
end

local function claim(run, now, nonce, owner, lease)
  local r = redis.call('HMGET', run, 'status', 'owner', 'due', 'claim', 'taken_over')
  if not r[1] or ended(r[1]) then return 0 end
  -- The answer to this very claim was lost.
  if r[4] == nonce and r[2] then return r[5] == '1' and 2 or 1 end
  local over = r[2] ~= false
  if over and tonumber(r[3]) > tonumber(now) then return 0 end
  redis.call('HINCRBY', run, 'token', 1)
  redis.call('HSET', run, 'status', 'running', 'owner', owner, 'claim', nonce,
    'taken_over', over and '1' or '0', 'due', number(tonumber(now) + tonumber(lease)))
  redis.call('HDEL', run, 'waits')
  return over and 2 or 1
end

local function wake(run, now)
  redis.call('HSET', run, 'due', now)
  redis.call('HDEL', run, 'waits')
end

local function put(run, entries, place, status, ended_at, meta, value)
  local before = redis.call('HGET', entries, place)
  if before and string.sub(before, 1, 10) == 'succeeded\\n' then return before end
  local n = before and string.match(before, '^%a+\\n(%d+)') or redis.call('HINCRBY', run, 'seq', 1)
  local line = status .. '\\n' .. n .. '\\n' .. ended_at .. '\\n' .. meta .. '\\n' .. value
  redis.call('HSET', entries, place, line)
  return line
end
`;

const OPEN = `
local now, nonce = ARGV[1], ARGV[2]
local created = 0
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'status', 'running', 'attempt', '1', 'token', '0', 'created', now, 'opened', nonce, 'due', ARGV[5])
  for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  created = 1
elseif redis.call('HGET', KEYS[1], 'opened') == nonce then
  created = 1
end
local claimed = 0
if ARGV[4] ~= '' then claimed = claim(KEYS[1], now, nonce, ARGV[3], ARGV[4]) end
return { created, claimed, redis.call('HGETALL', KEYS[1]) }
`;

const CLAIM = `
local now, nonce, due_only, begun_only = ARGV[1], ARGV[2], ARGV[5], ARGV[6]
local r = redis.call('HMGET', KEYS[1], 'due', 'token', 'claim')
if r[3] ~= nonce then
  if due_only == '1' and (not r[1] or tonumber(r[1]) > tonumber(now)) then return { 0, {} } end
  if begun_only == '1' and r[2] == '0' then return { 0, {} } end
end
local claimed = claim(KEYS[1], now, nonce, ARGV[3], ARGV[4])
if claimed == 0 then return { 0, {} } end
return { claimed, redis.call('HGETALL', KEYS[1]) }
`;

const RENEW = `
if not held(KEYS[1], ARGV[1]) then return { 0 } end
redis.call('HSET', KEYS[1], 'due', ARGV[2])
return { 1, unpack(redis.call('HMGET', KEYS[1], 'cancel', 'flow', 'version')) }
`;

const WRITE = `
if not held(KEYS[1], ARGV[1]) then return 0 end
put(KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return 1
`;

const ATTEMPT = `
if not held(KEYS[1], ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'attempt', ARGV[2])
return 1
`;

const PARK = `
local run, mail, token, now, due, paused, attempt = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local r = redis.call('HMGET', run, 'token', 'owner', 'status', 'cancel')
if r[1] == token and not r[2] and not ended(r[3]) then return 1 end
if not held(run, token) then return 0 end
redis.call('HDEL', run, 'owner', 'due', 'waits')
if attempt ~= '' then redis.call('HSET', run, 'attempt', attempt) end
if paused == '1' then redis.call('HSET', run, 'status', 'paused') end
local wanted = r[4] ~= false
if paused ~= '1' then
  for i = 6, #ARGV do
    if redis.call('HEXISTS', mail, 'n:' .. ARGV[i]) == 1 then wanted = true end
  end
end
if wanted then
  wake(run, now)
elseif paused ~= '1' then
  if due ~= '' then redis.call('HSET', run, 'due', due) end
  if #ARGV > 5 then
    local names = {}
    for i = 6, #ARGV do names[#names + 1] = ARGV[i] end
    redis.call('HSET', run, 'waits', cjson.encode(names))
  end
end
return 1
`;

const END = `
local r = redis.call('HMGET', KEYS[1], 'token', 'status')
if r[1] == ARGV[1] and ended(r[2]) then return 1 end
if not held(KEYS[1], ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'ended', ARGV[3])
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], 'value', ARGV[5]) end
redis.call('HDEL', KEYS[1], 'owner', 'due', 'waits', 'claim', 'opened')
redis.call('DEL', KEYS[2])
return 1
`;

/** 0: no such run; 1: it has ended; 2: kept; 3: kept, and the run is due. */
const SEND = `
local run, mail, ids, now, id, name, value = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local r = redis.call('HMGET', run, 'status', 'owner', 'waits')
if not r[1] then return 0 end
if redis.call('SISMEMBER', ids, id) == 1 then return 2 end
if ended(r[1]) then return 1 end
redis.call('SADD', ids, id)
local n = redis.call('HINCRBY', run, 'seq', 1)
local queued = redis.call('HGET', mail, 'n:' .. name)
redis.call('HSET', mail, 'n:' .. name, queued and (queued .. ',' .. n) or tostring(n), 'v:' .. n, value)
if not r[2] and r[3] then
  for _, wanted in ipairs(cjson.decode(r[3])) do
    if wanted == name then
      wake(run, now)
      return 3
    end
  end
end
return 2
`;

/** 0: the lease is lost; 1: no such message; else the entry. */
const TAKE = `
local run, entries, mail, name, place = KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[3]
if not held(run, ARGV[1]) then return 0 end
local before = redis.call('HGET', entries, place)
if before and string.sub(before, 1, 10) == 'succeeded\\n' then return before end
local queued = redis.call('HGET', mail, 'n:' .. name)
if not queued then return 1 end
local n, rest = string.match(queued, '^(%d+),?(.*)$')
local value = redis.call('HGET', mail, 'v:' .. n)
redis.call('HDEL', mail, 'v:' .. n)
if rest == '' then redis.call('HDEL', mail, 'n:' .. name) else redis.call('HSET', mail, 'n:' .. name, rest) end
return put(run, entries, place, 'succeeded', ARGV[4], ARGV[5], value)
`;

/** 0: no such run; 1: it has ended, or someone has it; 2: it is due now. */
const CANCEL = `
local r = redis.call('HMGET', KEYS[1], 'status', 'owner')
if not r[1] then return 0 end
if ended(r[1]) then return 1 end
redis.call('HSETNX', KEYS[1], 'cancel', ARGV[2])
if r[2] then return 1 end
wake(KEYS[1], ARGV[1])
return 2
`;

const PRUNE = `
local status = redis.call('HGET', KEYS[1], 'status')
if status and not ended(status) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
return status and 1 or 0
`;

/** Says where a run stands in its flow's index. KEYS: never begun, begun, missing. */
const PLACE = `
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[2] == 'gone' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
elseif ARGV[2] == 'new' then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
end
return 1
`;

/**
 * A run that the index names is not there. It may be about to be made, so it is looked for again every now and then, and
 * forgotten only after a while.
 */
const MISSING = `
redis.call('HSETNX', KEYS[3], ARGV[1], ARGV[2])
local since = tonumber(redis.call('HGET', KEYS[3], ARGV[1]))
if tonumber(ARGV[2]) - since > tonumber(ARGV[3]) then
  redis.call('HDEL', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[1], 'XX', ARGV[4], ARGV[1])
  redis.call('ZADD', KEYS[2], 'XX', ARGV[4], ARGV[1])
end
return 1
`;

const READ = `return redis.call('HGETALL', KEYS[1])`;

/** Members and scores by turns. */
const NAMED = `return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])`;

const SOURCES = {
  read: READ,
  named: NAMED,
  open: OPEN,
  claim: CLAIM,
  renew: RENEW,
  write: WRITE,
  attempt: ATTEMPT,
  park: PARK,
  end: END,
  send: SEND,
  take: TAKE,
  cancel: CANCEL,
  prune: PRUNE,
  place: PLACE,
  missing: MISSING,
};

export type ScriptName = keyof typeof SOURCES;

export function sourceOf(name: ScriptName): string {
  return SHARED + SOURCES[name];
}
