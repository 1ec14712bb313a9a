--[[ What the DVMatte tool does: it shows finished frames, and its buttons start and stop the engine.

`show` is called from many threads for every frame that Fusion wants, on a farm too: it reads files and nothing else.
]]

local controls = require("dvm.controls")
local engine = require("dvm.engine")
local jobs = require("dvm.job")
local jobdir = require("dvm.jobdir")
local pattern = require("dvm.pattern")
local picture = require("dvm.picture")
local system = require("dvm.system")

local M = {}

local FIRST_OF_MOVIE = 1 -- for the engine; a Loader shows that frame at 0

-- Fusion's own names for folders (`Comp:`, `Footage:`) mean nothing to the engine.
local function mapped(tool, values)
    for _, name in ipairs({ "plate", "trimap", "corrected", "output", "python" }) do
        if values[name] ~= "" then
            values[name] = tool.Comp:MapPath(values[name])
        end
    end
    if values.model:find("[/\\:]") then
        values.model = tool.Comp:MapPath(values.model)
    end
    return values
end

local function values_of(tool, inputs, time)
    local values = controls.values(inputs, time)
    for _, name in ipairs({ "plate", "trimap", "corrected" }) do
        values[name] = pattern.sequence(values[name])
    end
    values.output = jobs.output(values.output, values.plate, tool.Name)
    return mapped(tool, values)
end

local function runs_of(values)
    return jobdir.folder(jobdir.cache(), values.output)
end

local function status_of(values)
    return jobdir.status(jobdir.latest(runs_of(values)))
end

-- The picture of a frame: its alpha with the plate, or nil and what to say instead.
local function finished(tool, inputs, plate, time)
    local values = values_of(tool, inputs, time)
    local frame = math.floor(time + values.offset + 0.5)
    local path = pattern.path(values.output, frame)
    if not system.exists(path) then
        return nil, "No alpha for frame " .. frame .. " yet. " .. jobdir.describe(status_of(values))
    end
    local alpha, reason = picture.read(path)
    if not alpha then
        return nil, reason
    end
    return picture.combine(plate, alpha, values.show)
end

--- Put out one frame: the finished one, or the plate and a status that says why.
-- Gives the file that the plate was read from, if the plate says so.
function M.show(tool, inputs, output, request)
    local plate = inputs.Plate:GetValue(request)
    if request:IsPreCalc() then -- Fusion asks for the frame's form; there are no pixels yet
        output:Set(request, plate)
        return nil
    end
    local image, reason = finished(tool, inputs, plate, request.Time)
    tool.Status = reason or ""
    output:Set(request, image or plate)
    local file = plate.Metadata and plate.Metadata.Filename
    return file and { file = file, time = request.Time }
end

local function start(tool, inputs, time)
    local values = values_of(tool, inputs, time)
    local job, wrong = jobs.build(values)
    if not job then
        return wrong
    end
    local status = status_of(values)
    if jobdir.is_busy(status) and not status.cancelling then
        return "Already at work: " .. jobdir.describe(status) .. " Press Cancel first."
    end
    local python, missing = engine.find(values.python)
    if not python then
        return missing
    end
    local run, reason = jobdir.create(runs_of(values), job)
    if not run then
        return reason
    end
    local started, failed = jobdir.start(run, python)
    return started and "The engine is starting: press Refresh to see how far it is." or failed
end

local function cancel(tool, inputs, time)
    local values = values_of(tool, inputs, time)
    local status = status_of(values)
    if not jobdir.is_busy(status) then
        return "Nothing to cancel. " .. jobdir.describe(status)
    end
    jobdir.cancel(jobdir.latest(runs_of(values)))
    return "Cancelling: the engine stops within a frame; finished frames stay."
end

local function refresh(tool, inputs, time)
    return jobdir.describe(status_of(values_of(tool, inputs, time)))
end

-- Take the plate's files and the distance between the composition's frames and theirs from the frame shown last.
local function from_plate(_, inputs, _, seen)
    if not seen then
        return "The plate does not say which file it came from: browse to Plate Files instead."
    end
    local files, number = pattern.of_file(seen.file)
    inputs.PlateFiles:SetSource(Text(files), 0, 0)
    inputs.FrameOffset:SetSource(Number(number and number - seen.time or FIRST_OF_MOVIE), 0, 0)
    return "Plate: " .. files
end

local function from_render_range(tool, inputs, time)
    local offset = controls.values(inputs, time).offset
    local range = string.format("%d-%d", tool.Comp.RenderStart + offset, tool.Comp.RenderEnd + offset)
    inputs.Range:SetSource(Text(range), 0, 0)
    return "Range: " .. range
end

local BUTTONS = {
    Matte = start,
    Cancel = cancel,
    Refresh = refresh,
    FromPlate = from_plate,
    FromRenderRange = from_render_range,
}

--- Answer a control that changed; only a pressed button does anything.
-- `seen` is what `show` gave last.
function M.changed(tool, inputs, input, parameter, time, seen)
    if not parameter or parameter.Value ~= 1 then
        return
    end
    for name, press in pairs(BUTTONS) do
        if input == inputs[name] then
            local message = press(tool, inputs, time, seen)
            inputs.Status:SetSource(Text(message), 0, 0)
            inputs.Pulse:SetSource(Number((inputs.Pulse:GetSource(0).Value or 0) + 1), 0, 0)
            return
        end
    end
end

return M
