-- wrk: DEPTH requests written at once, and the totals in one line that a program can read.
local depth = 1
local batch

init = function(args)
    depth = tonumber(args[1]) or 1
    local requests = {}
    for i = 1, depth do requests[i] = wrk.format("GET") end
    batch = table.concat(requests)
end

request = function() return batch end

done = function(summary)
    local errors = summary.errors
    io.write(string.format("totals requests=%d microseconds=%d bad_status=%d socket_errors=%d\n", summary.requests, summary.duration,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
