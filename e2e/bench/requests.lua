-- The requests of one workload (`-- KIND ROWS SALT` on wrk's command line), and its result as one line of JSON.
-- Every record read exists, and every record created is another one.
local headers = { ["Content-Type"] = "application/json" }
local posts = "/api/collections/posts/records"

function init(args)
  local kind, rows, salt = args[1], tonumber(args[2]), args[3]
  math.randomseed(tonumber(salt))
  local made = 0
  local kinds = {
    get = function()
      return wrk.format("GET", string.format("%s/row%012d", posts, math.random(rows)))
    end,
    list = function()
      return wrk.format("GET", posts .. "?perPage=30&skipTotal=1")
    end,
    total = function()
      return wrk.format("GET", posts .. "?perPage=30")
    end,
    create = function()
      made = made + 1
      local body = string.format(
        '{"title":"Post %s-%d","body":"%s","views":%d,"published":true}',
        salt, made, string.rep("Some words. ", 10), made
      )
      return wrk.format("POST", posts, headers, body)
    end,
  }
  request = kinds[kind]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
