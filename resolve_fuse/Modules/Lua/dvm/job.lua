--[[ From what the artist set to the one document that the engine takes, schema `dvm-job/1`. ]]

local json = require("dvm.json")
local pattern = require("dvm.pattern")

local M = {}

M.SCHEMA = "dvm-job/1"

local function trimmed(text)
    return (tostring(text or ""):gsub("^%s+", ""):gsub("%s+$", ""))
end

local function check_text(label, text)
    if not json.is_utf8(text) then
        return label .. " holds characters that are not UTF-8: rename the files with plain letters."
    elseif text:find("%c") then
        return label .. " must be one line of text."
    end
    return nil
end

--- Where the alphas go: {folder} and {plate} are the plate's folder and name, {tool} is the tool's own name, so that a
-- pasted copy writes to files of its own.
function M.output(template, plate, tool)
    local values = { folder = pattern.folder(plate), plate = pattern.stem(plate), tool = tool:gsub("[^%w_-]", "_") }
    return (trimmed(template):gsub("{(%l+)}", values))
end

local function refusal(values)
    if values.plate == "" then
        return "Plate Files is empty: browse to the plate, or press From Plate with a Loader connected."
    elseif values.trimap == "" then
        return "Trimap Files is empty: browse to the trimaps, black, grey and white."
    elseif not values.output:lower():find("%.exr$") then
        return "Alpha Files must end in .exr; found " .. (values.output == "" and "nothing" or values.output) .. "."
    elseif pattern.parse(values.output).digits == 0 then
        return "Alpha Files needs a place for the frame number, as in alpha.####.exr."
    end
    return check_text("Plate Files", values.plate)
        or check_text("Trimap Files", values.trimap)
        or check_text("Corrected Alphas", values.corrected)
        or check_text("Alpha Files", values.output)
        or check_text("Range", values.range)
        or check_text("Model", values.model)
        or check_text("Colour Space", values.colorspace)
end

--- The job of a tool's values, or nil and one sentence that says what is wrong with them.
-- Ranges and names of models are the engine's to judge: it knows what it has.
function M.build(values)
    local taken = {}
    for name, value in pairs(values) do
        taken[name] = type(value) == "string" and trimmed(value) or value
    end
    local wrong = refusal(taken)
    if wrong then
        return nil, wrong
    end
    return {
        schema = M.SCHEMA,
        plate = taken.plate,
        trimap = taken.trimap,
        output = taken.output,
        range = taken.range,
        trimap_mode = taken.keyframes and "keyframes" or "every-frame",
        model = taken.model,
        corrected = taken.corrected,
        settings = {
            channels = "alpha",
            colorspace = taken.colorspace == "" and "auto" or taken.colorspace,
            device = taken.device,
            existing = taken.overwrite and "overwrite" or "resume",
            reduce = taken.full_size and 1 or "auto",
        },
    }
end

return M
