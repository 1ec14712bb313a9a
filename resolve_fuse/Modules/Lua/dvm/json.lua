--[[ JSON as the job directory needs it: objects in the order of their keys, nothing but UTF-8, no numbers beyond it.

Fusion's own Lua carries a JSON module in some versions only; this one runs in LuaJIT and Lua 5.1 alike.
]]

local M = {}

local DEEPEST = 64 -- nested deeper than this is no document of ours

local ESCAPES = {
    ['"'] = '\\"',
    ["\\"] = "\\\\",
    ["\b"] = "\\b",
    ["\f"] = "\\f",
    ["\n"] = "\\n",
    ["\r"] = "\\r",
    ["\t"] = "\\t",
}

local UNESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

-- What may follow each leading byte, after the Unicode standard's table of well-formed UTF-8.
local SEQUENCES = {
    { "^[\1-\127]" },
    { "^[\194-\223][\128-\191]" },
    { "^\224[\160-\191][\128-\191]", "^[\225-\236\238\239][\128-\191][\128-\191]", "^\237[\128-\159][\128-\191]" },
    {
        "^\240[\144-\191][\128-\191][\128-\191]",
        "^[\241-\243][\128-\191][\128-\191][\128-\191]",
        "^\244[\128-\143][\128-\191][\128-\191]",
    },
}

local function sequence_length(text, position)
    for length, patterns in ipairs(SEQUENCES) do
        for _, pattern in ipairs(patterns) do
            if text:find(pattern, position) then
                return length
            end
        end
    end
    return nil
end

--- Whether a text is well-formed UTF-8 without NUL, which is all that a job document can hold.
function M.is_utf8(text)
    local position = 1
    while position <= #text do
        local length = sequence_length(text, position)
        if not length then
            return false
        end
        position = position + length
    end
    return true
end

local function encode_text(text)
    if not M.is_utf8(text) then
        error("text that is not UTF-8", 0)
    end
    local escaped = text:gsub('[%c"\\]', function(character)
        return ESCAPES[character] or string.format("\\u%04x", character:byte())
    end)
    return '"' .. escaped .. '"'
end

local function encode_number(number)
    if number ~= number or number == math.huge or number == -math.huge then
        error("a number that JSON has not", 0)
    end
    -- "%d" is no way to write an integer here: Lua 5.1 and LuaJIT cut it to 32 bits on some machines.
    return number == math.floor(number) and string.format("%.0f", number) or string.format("%.17g", number)
end

local function encode_table(value, depth)
    local parts = {}
    if #value > 0 then
        for _, item in ipairs(value) do
            parts[#parts + 1] = M.encode(item, depth + 1)
        end
        return "[" .. table.concat(parts, ", ") .. "]"
    end
    local keys = {}
    for key in pairs(value) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
        parts[#parts + 1] = encode_text(key) .. ": " .. M.encode(value[key], depth + 1)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

--- JSON text of a string, number, boolean or table; a table with a first item is an array, any other an object.
-- Raises a string that says what JSON cannot hold.
function M.encode(value, depth)
    depth = depth or 0
    local kind = type(value)
    if kind == "string" then
        return encode_text(value)
    elseif kind == "number" then
        return encode_number(value)
    elseif kind == "boolean" then
        return tostring(value)
    elseif kind == "table" and depth < DEEPEST then
        return encode_table(value, depth)
    end
    error("a value of type " .. kind, 0)
end

local function utf8_character(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
    elseif code < 0x10000 then
        return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
    end
    return string.char(
        0xF0 + math.floor(code / 0x40000),
        0x80 + math.floor(code / 0x1000) % 0x40,
        0x80 + math.floor(code / 0x40) % 0x40,
        0x80 + code % 0x40
    )
end

local function skip_blanks(text, position)
    return text:find("[^ \t\r\n]", position) or #text + 1
end

-- A code unit that starts a surrogate pair stands for a character only together with the next.
local function decode_unicode(text, position)
    local code = tonumber(text:match("^%x%x%x%x", position) or error("a broken \\u escape", 0), 16)
    local low = code >= 0xD800 and code < 0xDC00 and text:match("^\\u([dD][c-fC-F]%x%x)", position + 4)
    if low then
        return utf8_character(0x10000 + (code - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00), position + 10
    elseif code >= 0xD800 and code < 0xE000 then
        return "\239\191\189", position + 4 -- U+FFFD: half a pair is no character
    end
    return utf8_character(code), position + 4
end

local function decode_text(text, position)
    local parts = {}
    while true do
        local stop = text:find('["\\]', position) or error("a text without its end", 0)
        parts[#parts + 1] = text:sub(position, stop - 1)
        if text:sub(stop, stop) == '"' then
            return table.concat(parts), stop + 1
        end
        local letter = text:sub(stop + 1, stop + 1)
        if letter == "u" then
            parts[#parts + 1], position = decode_unicode(text, stop + 2)
        else
            parts[#parts + 1] = UNESCAPES[letter] or error("an unknown escape", 0)
            position = stop + 2
        end
    end
end

local decode_value

-- The items between two brackets; `take(position)` reads one and says where it ends.
local function decode_items(text, position, closing, take)
    position = skip_blanks(text, position)
    if text:sub(position, position) == closing then
        return position + 1
    end
    while true do
        position = skip_blanks(text, take(skip_blanks(text, position)))
        local mark = text:sub(position, position)
        position = position + 1
        if mark == closing then
            return position
        elseif mark ~= "," then
            error("an object or array without its end", 0)
        end
    end
end

local function decode_object(text, position, depth)
    local object = {}
    return object, decode_items(text, position, "}", function(at)
        if text:sub(at, at) ~= '"' then
            error("an object's key that is no text", 0)
        end
        local key, after = decode_text(text, at + 1)
        after = skip_blanks(text, after)
        if text:sub(after, after) ~= ":" then
            error("a key without a value", 0)
        end
        object[key], after = decode_value(text, skip_blanks(text, after + 1), depth + 1)
        return after
    end)
end

local function decode_array(text, position, depth)
    local array = {}
    return array, decode_items(text, position, "]", function(at)
        local item, after = decode_value(text, at, depth + 1)
        array[#array + 1] = item
        return after
    end)
end

local LITERALS = { { "true", true }, { "false", false }, { "null", nil } }

function decode_value(text, position, depth)
    if depth > DEEPEST then
        error("a document nested too deep", 0)
    end
    local mark = text:sub(position, position)
    if mark == "{" then
        return decode_object(text, position + 1, depth)
    elseif mark == "[" then
        return decode_array(text, position + 1, depth)
    elseif mark == '"' then
        return decode_text(text, position + 1)
    end
    for _, literal in ipairs(LITERALS) do
        if text:sub(position, position + #literal[1] - 1) == literal[1] then
            return literal[2], position + #literal[1]
        end
    end
    local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", position)
    return tonumber(number) or error("no value", 0), position + #(number or "")
end

--- The value of a JSON text; `null` is nil. On a text that is no JSON: nil and what was found.
function M.decode(text)
    local read, value, position = pcall(function()
        return decode_value(text, skip_blanks(text, 1), 0)
    end)
    if not read then
        return nil, value
    elseif skip_blanks(text, position) <= #text then
        return nil, "more than one value"
    end
    return value
end

return M
