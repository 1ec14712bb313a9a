--[[ The tool's controls: one table that the Fuse, its tests and the picture in the documentation all read. ]]

local M = {}

--- What each choice stands for, in the order of its menu.
M.MODELS = { "lite", "rn50", "closed-form" }
M.DEVICES = { "auto", "cpu", "cuda" }
M.SHOWN = { "premultiplied", "straight", "alpha" }

--- Default of Alpha Files; `job.output` says what the braces stand for.
M.OUTPUT = "{folder}/{plate}_{tool}/{plate}_alpha.####.exr"

local function with(attributes, more)
    for name, value in pairs(more or {}) do
        attributes[name] = value
    end
    return attributes
end

local function file(more)
    return with({ LINKID_DataType = "Text", INPID_InputControl = "FileControl", INP_External = false }, more)
end

local function line(more)
    local attributes = { LINKID_DataType = "Text", INPID_InputControl = "TextEditControl", INP_External = false }
    return with(with(attributes, { TEC_Lines = 1, TEC_Wrap = false }), more)
end

local function checkbox()
    return {
        LINKID_DataType = "Number",
        INPID_InputControl = "CheckboxControl",
        INP_Integer = true,
        INP_Default = 0,
        INP_External = false,
    }
end

local function menu(labels)
    local attributes = {
        LINKID_DataType = "Number",
        INPID_InputControl = "ComboControl",
        INP_Integer = true,
        INP_Default = 0,
        INP_External = false,
    }
    for index, label in ipairs(labels) do
        attributes[index] = { CCS_AddString = label }
    end
    return attributes
end

local function button(width)
    return {
        LINKID_DataType = "Number",
        INPID_InputControl = "ButtonControl",
        INP_DoNotifyChanged = true,
        INP_External = false,
        ICD_Width = width,
    }
end

local ALPHA_FILES = file({ FC_IsSaver = true, INPS_DefaultText = M.OUTPUT })
local FRAME_OFFSET = {
    LINKID_DataType = "Number",
    INPID_InputControl = "ScrewControl",
    INP_Integer = true,
    INP_Default = 0,
    INP_MinScale = -1001,
    INP_MaxScale = 1001,
    INP_External = false,
}
-- Its value means nothing: a new one makes Fusion ask for the frame again, which may be finished by now.
local PULSE = { LINKID_DataType = "Number", INP_External = false, INP_Default = 0, IC_Visible = false }

--- {name for scripts, label, attributes}, page by page, in order.
M.PAGES = {
    {
        "Matte",
        { "PlateFiles", "Plate Files", file({ FC_ClipBrowse = true }) },
        { "TrimapFiles", "Trimap Files", file({ FC_ClipBrowse = true }) },
        { "Keyframes", "Trimaps Are Keyframes", checkbox() },
        { "CorrectedFiles", "Corrected Alphas", file({ FC_ClipBrowse = true }) },
        { "Range", "Range", line() },
        { "FrameOffset", "Frame Offset", FRAME_OFFSET },
        { "FromPlate", "From Plate", button(0.5) },
        { "FromRenderRange", "Render Range", button(0.5) },
        { "AlphaFiles", "Alpha Files", ALPHA_FILES },
        { "Overwrite", "Overwrite Finished Frames", checkbox() },
        { "Show", "Show", menu({ "Premultiplied", "Straight", "Alpha" }) },
        { "Matte", "Matte", button(1 / 3) },
        { "Cancel", "Cancel", button(1 / 3) },
        { "Refresh", "Refresh", button(1 / 3) },
        { "Status", "Status", line({ TEC_Lines = 3, TEC_Wrap = true, TEC_ReadOnly = true, INP_Passive = true }) },
        { "Pulse", "Pulse", PULSE },
    },
    {
        "Engine",
        { "Model", "Model", menu(M.MODELS) },
        { "ModelFile", "Own Model", file() },
        { "Device", "Device", menu({ "Best There Is", "CPU", "NVIDIA GPU" }) },
        { "FullSize", "Full Size", checkbox() },
        { "ColourSpace", "Plate Colour Space", line({ INPS_DefaultText = "auto" }) },
        { "Python", "Engine's Python", file() },
    },
}

--- Add all controls to a tool. Gives them by name.
function M.create(tool)
    local inputs = {}
    for _, page in ipairs(M.PAGES) do
        tool:AddControlPage(page[1])
        for index = 2, #page do
            local name, label, attributes = unpack(page[index])
            inputs[name] = tool:AddInput(label, name, attributes)
        end
    end
    return inputs
end

local function value(input, time)
    local parameter = input:GetSource(time)
    return parameter and parameter.Value
end

local function chosen(input, time, names)
    return names[(value(input, time) or 0) + 1] or names[1]
end

--- What the controls say at a time; paths are as typed.
function M.values(inputs, time)
    local function text(name)
        return value(inputs[name], time) or ""
    end
    local own_model = text("ModelFile")
    return {
        plate = text("PlateFiles"),
        trimap = text("TrimapFiles"),
        keyframes = value(inputs.Keyframes, time) == 1,
        corrected = text("CorrectedFiles"),
        range = text("Range"),
        offset = value(inputs.FrameOffset, time) or 0,
        output = text("AlphaFiles"),
        overwrite = value(inputs.Overwrite, time) == 1,
        show = chosen(inputs.Show, time, M.SHOWN),
        model = own_model ~= "" and own_model or chosen(inputs.Model, time, M.MODELS),
        device = chosen(inputs.Device, time, M.DEVICES),
        full_size = value(inputs.FullSize, time) == 1,
        colorspace = text("ColourSpace"),
        python = text("Python"),
    }
end

return M
