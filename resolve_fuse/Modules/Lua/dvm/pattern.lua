--[[ Names of numbered files, as the engine reads them: plate.####.exr, plate.%04d.exr, plate.@@@@.exr, plate.$F4.exr.

The last token of the file name counts; a folder's name is always literal.
]]

local M = {}

local TOKENS = { "^#+", "^@+", "^%%0%d%d?d", "^%%d", "^%$F%d?%d?" }

local MOVIES = {}
for name in ("mov mp4 m4v mkv avi mxf webm"):gmatch("%w+") do
    MOVIES["." .. name] = true
end

local function token_at(text, position)
    for _, pattern in ipairs(TOKENS) do
        local first, last = text:find(pattern, position)
        if first then
            return last
        end
    end
    return nil
end

local function last_token(text, start)
    local first, last
    local position = start
    while position <= #text do
        local stop = token_at(text, position)
        if stop then
            first, last = position, stop
            position = stop
        end
        position = position + 1
    end
    return first, last
end

local function digits(token)
    if token:find("^[%%$]") then
        return math.max(1, tonumber(token:match("%d+")) or 1)
    end
    return token == "#" and 4 or #token
end

-- Frames written in front of the token, as in `plate.1001-1100#.exr`, name none of the files.
local function without_range(head, name_start)
    local name = head:sub(name_start)
    local before = name:match("^(.*)[-%d][-%dx,]*$") and name:match("^(.-)%-?%d+%-[-%dx,]*%d$")
    if before and (before == "" or before:find("[._ ]$")) then
        return head:sub(1, name_start - 1) .. before
    end
    return head
end

--- Where a text's last folder ends: 0 for a plain name.
function M.folder_length(text)
    return #(text:match("^.*[/\\]") or "")
end

--- A pattern's parts: head, digits (0 without a place for a frame number) and tail.
function M.parse(text)
    local name_start = M.folder_length(text) + 1
    local first, last = last_token(text, name_start)
    if not first then
        return { head = text, digits = 0, tail = "" }
    end
    return {
        head = without_range(text:sub(1, first - 1), name_start),
        digits = digits(text:sub(first, last)),
        tail = text:sub(last + 1),
    }
end

--- The file of one frame; for a name without a frame number, the name itself.
function M.path(text, frame)
    local parts = M.parse(text)
    if parts.digits == 0 then
        return text
    end
    return parts.head .. string.format("%0" .. parts.digits .. "d", frame) .. parts.tail
end

--- The pattern of a numbered file, and its number: "plate.1001.exr" gives "plate.%04d.exr" and 1001.
-- A movie, or a file without a number, gives itself and nil.
function M.of_file(path)
    local folder = path:sub(1, M.folder_length(path))
    local head, number, tail = path:sub(#folder + 1):match("^(.-)(%d+)(%.[^.]*)$")
    if not number or MOVIES[tail:lower()] then
        return path, nil
    end
    return folder .. head .. "%0" .. #number .. "d" .. tail, tonumber(number)
end

--- What an artist means by a name: Fusion's file browser gives one frame of a sequence for all of it.
function M.sequence(text)
    return M.parse(text).digits > 0 and text or (M.of_file(text))
end

--- The name of what a pattern stands for, without folder, frame number and what ends it: "a/plate.####.exr" is "plate".
function M.stem(text)
    local parts = M.parse(text)
    local name = parts.head:sub(M.folder_length(parts.head) + 1)
    if parts.digits == 0 then
        name = name:match("^(.+)%.[^.]*$") or name
    end
    return (name:gsub("[._ -]+$", ""))
end

--- The folder that a pattern's files are in, without its last slash; "." for a plain name.
function M.folder(text)
    local folder = text:sub(1, M.folder_length(text))
    if folder == "" then
        return "."
    end
    return #folder > 1 and not folder:find("^%a:[/\\]$") and folder:sub(1, -2) or folder
end

return M
