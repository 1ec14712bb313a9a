--[[ The machine below: files, folders, and a process of its own that nothing waits for. ]]

local M = {}

--- Whether this is Windows; its shell and its renaming differ.
M.windows = package.config:sub(1, 1) == "\\"

-- What a host sets for itself alone, and what would kill another Python; as the Python bridge has it.
local HOSTS_OWN = "LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT TCL_LIBRARY TK_LIBRARY __PYVENV_LAUNCHER__"
local HOSTS_OWN_PREFIXES = "$(env | sed -n -e 's/^\\(PYTHON[A-Za-z0-9_]*\\)=.*/\\1/p' "
    .. "-e 's/^\\(DYLD_[A-Za-z0-9_]*\\)=.*/\\1/p' -e 's/^\\(QT_[A-Za-z0-9_]*\\)=.*/\\1/p')"

--- The whole of a file, or nil.
function M.read(path)
    local file = io.open(path, "rb")
    if not file then
        return nil
    end
    local content = file:read("*a")
    file:close()
    return content
end

--- Whether there is a file that can be read.
function M.exists(path)
    local file = io.open(path, "rb")
    if file then
        file:close()
    end
    return file ~= nil
end

--- Write a file whole under a temporary name beside it, then rename: a reader sees the old one or the new one.
-- Gives true, or nil and why not.
function M.replace(path, content)
    local temporary = path .. ".tmp"
    local file, reason = io.open(temporary, "wb")
    if not file then
        return nil, reason
    end
    local written = file:write(content)
    if not (file:close() and written) then
        os.remove(temporary)
        return nil, path .. ": the disk may be full"
    end
    if M.windows then
        os.remove(path) -- there, a rename does not replace
    end
    return os.rename(temporary, path)
end

--- One argument for a POSIX shell.
function M.quote(argument)
    return "'" .. argument:gsub("'", "'\\''") .. "'"
end

--- One argument as the C runtime of a Windows program reads it back; there is no shell in between.
function M.quote_windows(argument)
    local quoted = argument:gsub('(\\*)"', '%1%1\\"'):gsub("(\\+)$", "%1%1")
    return '"' .. quoted .. '"'
end

local function succeeded(status)
    return status == 0 or status == true -- a number in Lua 5.1, a boolean in LuaJIT built for 5.2
end

--- Make a folder, and those above it, that only its owner can enter. Gives whether it is there.
function M.make_folder(path)
    if M.windows then
        for position in (path .. "\\"):gmatch("[^\\:]()\\") do
            bmd.createdir(path:sub(1, position - 1)) -- one level each; a user's own cache is private there
        end
        return M.replace(path .. "\\.write", "") and os.remove(path .. "\\.write")
    end
    return succeeded(os.execute("umask 077 && mkdir -p -- " .. M.quote(path)))
end

local function spawn_posix(arguments, log, exit)
    local words = {}
    for _, argument in ipairs(arguments) do
        words[#words + 1] = M.quote(argument)
    end
    local command = string.format(
        "(unset %s; unset %s; %s; echo $? >%s) >%s 2>&1 </dev/null &",
        HOSTS_OWN,
        HOSTS_OWN_PREFIXES,
        table.concat(words, " "),
        M.quote(exit),
        M.quote(log)
    )
    return succeeded(os.execute(command))
end

local function spawn_windows(arguments)
    local words = {}
    for _, argument in ipairs(arguments) do
        words[#words + 1] = M.quote_windows(argument)
    end
    return (pcall(bmd.executebg, table.concat(words, " "), false))
end

--- Start a process and return at once.
-- What it prints goes to the file `log`, its exit code to the file `exit` when it ends; Windows knows neither, for
-- bmd.executebg runs a program without a shell.
function M.spawn(arguments, log, exit)
    if M.windows then
        return spawn_windows(arguments)
    end
    return spawn_posix(arguments, log, exit)
end

return M
