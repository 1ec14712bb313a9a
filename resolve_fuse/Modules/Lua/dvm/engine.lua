--[[ Where the engine is: which Python runs it. The same answers, in the same order, as the Python bridge gives. ]]

local json = require("dvm.json")
local system = require("dvm.system")

local M = {}

local REMEDY = "run `dvm install` in the engine's environment, or set DVM_PYTHON to its Python."

local function user_home()
    return os.getenv("HOME") or os.getenv("USERPROFILE") or "."
end

local function expanded(path)
    return (path:gsub("^~([/\\])", function(slash)
        return user_home() .. slash
    end))
end

-- What `dvm install` wrote.
local function config_file()
    local home = os.getenv("DVM_HOME")
    home = expanded(home and home ~= "" and home or "~/.dvm")
    return home .. "/config.json"
end

-- A bare name would be looked for on Fusion's own path, and find another Python.
local function is_full(path)
    return path:find("^/") or (system.windows and path:find("^%a:[/\\]") or path:find("^\\\\"))
end

local function checked(python, source)
    local path = expanded(python)
    if not is_full(path) then
        return nil, string.format("The engine's Python must be named by its full path; %s says '%s'.", source, python)
    elseif not system.exists(path) then
        return nil, string.format("There is no Python at %s, as %s says; %s", path, source, REMEDY)
    end
    return path
end

--- The full path of the Python that runs the engine, or nil and one sentence.
-- The tool's own control counts first, then DVM_PYTHON, then what `dvm install` wrote; the first that says anything is
-- never passed over in silence.
function M.find(explicit)
    if explicit and explicit ~= "" then
        return checked(explicit, "the control Engine's Python")
    end
    local variable = os.getenv("DVM_PYTHON")
    if variable and variable ~= "" then
        return checked(variable, "DVM_PYTHON")
    end
    local file = config_file()
    local content = system.read(file)
    if not content then
        return nil, "Nothing says where dvm's engine is; " .. REMEDY
    end
    local config = json.decode(content)
    if type(config) ~= "table" or type(config.python) ~= "string" then
        return nil, file .. " does not say where dvm's engine is; " .. REMEDY
    end
    return checked(config.python, file)
end

return M
