--[[ A job as a folder: job.json for the engine, status.json back from it, and `cancel` to stop it.

One tool's runs stand side by side, <folder>/<run>/, and <folder>/latest names the newest: an old engine that still
writes can never be taken for the new one.
]]

local json = require("dvm.json")
local system = require("dvm.system")

local M = {}

local SLOWEST_START = 120 -- seconds; longer than torch takes to load from a cold network drive

local function join(folder, name)
    return folder .. (system.windows and "\\" or "/") .. name
end

--- The user's cache for jobs.
function M.cache()
    local home = os.getenv("HOME") or "."
    if system.windows then
        return join(join(os.getenv("LOCALAPPDATA") or os.getenv("TEMP") or ".", "dvm"), "jobs")
    elseif system.exists("/System/Library/CoreServices/SystemVersion.plist") then
        return home .. "/Library/Caches/dvm/jobs"
    end
    local cache = os.getenv("XDG_CACHE_HOME")
    return (cache and cache ~= "" and cache or home .. "/.cache") .. "/dvm/jobs"
end

-- 32 bits of Bernstein's hash: enough to tell one artist's outputs apart, in arithmetic that doubles do exactly.
local function hash(text)
    local value = 5381
    for index = 1, #text do
        value = (value * 33 + text:byte(index)) % 4294967296
    end
    return string.format("%08x", value)
end

--- The folder of all runs that write to one output.
function M.folder(root, output)
    return join(root, hash(output))
end

--- The newest run's folder, or nil.
function M.latest(folder)
    local run = system.read(join(folder, "latest"))
    return run and run:find("^[%w-]+$") and join(folder, run) or nil
end

--- Make a new run's folder with its job in it. Gives the folder, or nil and one sentence.
function M.create(folder, job)
    local run = os.time() .. "-" .. math.random(1000, 9999)
    local path = join(folder, run)
    local made = system.make_folder(path)
    local written, reason = made and system.replace(join(path, "job.json"), json.encode(job) .. "\n")
    if written then
        written, reason = system.replace(join(folder, "latest"), run)
    end
    if not written then
        return nil, "The job's folder " .. path .. " cannot be written: " .. (reason or "no permission") .. "."
    end
    return path
end

--- Start the engine on a run's folder. Gives true, or nil and one sentence.
function M.start(path, python)
    -- -I keeps the host's modules out; the folder holds the job, so the engine needs no other word from us.
    local arguments = { python, "-I", "-m", "dvm_core.cli", "run", path, "--progress", "none" }
    if system.spawn(arguments, join(path, "output.txt"), join(path, "exit")) then
        return true
    end
    return nil, "The engine " .. python .. " could not be started."
end

--- Ask a run to stop; it does within a frame.
function M.cancel(path)
    return system.replace(join(path, "cancel"), "")
end

local function last_line(text)
    local line
    for found in (text or ""):gmatch("[^\r\n]+") do
        line = found:find("%S") and found or line
    end
    return line
end

-- An engine that was killed, or never came up, leaves a status that claims otherwise.
local function why_ended(path, code, status)
    local started = tonumber(path:match("(%d+)%-%d+$"))
    if code then
        return last_line(system.read(join(path, "output.txt"))) or ("it ended with code " .. code:match("%d*") .. ".")
    elseif status.state == "queued" and started and os.time() - started > SLOWEST_START then
        return "nothing came back in " .. SLOWEST_START .. " seconds."
    end
    return nil
end

--- What a run is at: state, done, total, message, cancelling; nil where there is no run.
function M.status(path)
    if not path then
        return nil
    end
    -- The exit code is looked for before the status: an engine writes its last status, then ends.
    local code = system.read(join(path, "exit"))
    local status = json.decode(system.read(join(path, "status.json")) or "")
    if type(status) ~= "table" or type(status.state) ~= "string" then
        status = { state = "queued", done = 0, total = 0, message = "" }
    end
    local why = M.is_busy(status) and why_ended(path, code, status)
    if why then
        status.state, status.message = "failed", "The engine stopped: " .. why
    end
    status.cancelling = M.is_busy(status) and system.exists(join(path, "cancel"))
    return status
end

--- Whether a run may still write.
function M.is_busy(status)
    return status ~= nil and (status.state == "queued" or status.state == "running")
end

local SENTENCES = { queued = "The engine is starting.", cancelled = "Cancelled; finished frames stay." }

-- What may have spoilt the result stands behind how far it is: the first of it, and how much more there is.
local function warned(status)
    local warnings = status.warnings or {}
    if #warnings == 0 then
        return ""
    end
    local more = #warnings > 1 and string.format(" (and %d more)", #warnings - 1) or ""
    return " Warning: " .. warnings[1] .. more
end

--- A status in one line for people.
function M.describe(status)
    if not status then
        return "Not matted yet: press Matte."
    elseif status.cancelling then
        return "Cancelling."
    elseif status.state == "running" then
        return string.format("Matting: %d of %d frames.", status.done or 0, status.total or 0) .. warned(status)
    elseif status.state == "done" then
        return string.format("Done: %d frames.", status.done or 0) .. warned(status)
    end
    return SENTENCES[status.state] or tostring(status.message or status.state)
end

return M
