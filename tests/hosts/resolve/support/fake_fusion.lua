--[[ A small Fusion: enough to register a Fuse, add its tool, turn its controls, press its buttons and render frames.

It is harsher than Fusion where that finds faults: an unknown global or member is an error, an empty text is nil, and
Process may neither start a process, nor write a file, nor set a control.
]]

local fake = {}

local host -- what Python gives: read_exr(path), make_folder(path)

-- Numbers that only have to differ.
local CONSTANTS = { "CT_Tool", "CT_SourceTool", "CT_Modifier", "CT_ViewLUTPlugin", "CT_ParticleTool", "ANY_TYPE" }
local CHANNELS = { CHAN_RED = "R", CHAN_GREEN = "G", CHAN_BLUE = "B", CHAN_ALPHA = "A" }
local DEPTHS = { "IMDP_128bitFloat", "IMDP_64bitFloat", "IMDP_32bitFloat" }

--- An object of which only what it has may be asked for.
local function strict(members, kind)
    return setmetatable(members, {
        __index = function(_, name)
            error(kind .. " has no '" .. tostring(name) .. "'", 2)
        end,
    })
end

-- Parameters -------------------------------------------------------------------------------------------------------

local function parameter(value)
    return { Value = value }
end

-- Images -----------------------------------------------------------------------------------------------------------

local image_methods = {}

local function new_image(width, height)
    local image = { Width = width, Height = height, ProxyScale = 1, Metadata = nil, channels = {} }
    for _, name in pairs(CHANNELS) do
        local plane = {}
        for index = 1, width * height do
            plane[index] = 0
        end
        image.channels[name] = plane
    end
    return setmetatable(image, {
        __index = function(_, name)
            if name == "Metadata" then
                return nil
            end
            return image_methods[name] or error("an Image has no '" .. tostring(name) .. "'", 2)
        end,
    })
end

function image_methods:CopyOf()
    local copy = new_image(self.Width, self.Height)
    for name, plane in pairs(self.channels) do
        for index, value in ipairs(plane) do
            copy.channels[name][index] = value
        end
    end
    copy.Metadata, copy.ProxyScale = rawget(self, "Metadata"), self.ProxyScale
    return copy
end

function image_methods:Fill(pixel)
    for name, plane in pairs(self.channels) do
        for index = 1, #plane do
            plane[index] = pixel[name]
        end
    end
end

-- Nearest neighbour, whatever filter is asked for.
function image_methods:Resize(target, options)
    assert(options.RSZ_Width == target.Width and options.RSZ_Height == target.Height)
    for name, plane in pairs(target.channels) do
        for y = 0, target.Height - 1 do
            for x = 0, target.Width - 1 do
                local from_x = math.floor(x * self.Width / target.Width)
                local from_y = math.floor(y * self.Height / target.Height)
                plane[y * target.Width + x + 1] = self.channels[name][from_y * self.Width + from_x + 1]
            end
        end
    end
end

local OPERATIONS = {
    Copy = function(_, source)
        return source
    end,
    Multiply = function(own, source)
        return own * source
    end,
    Add = function(own, source)
        return own + source
    end,
}

function image_methods:ChannelOpOf(operation, foreground, options)
    assert(foreground.Width == self.Width and foreground.Height == self.Height, "pictures of two sizes")
    local result = self:CopyOf()
    for name, source in pairs(options) do
        local layer, channel = source:lower():match("^([fb]g)%.([rgba])$")
        local plane = (layer == "fg" and foreground or self).channels[channel:upper()]
        for index, value in ipairs(plane) do
            result.channels[name][index] = OPERATIONS[operation](self.channels[name][index], value)
        end
    end
    return result
end

local function image_of(attributes)
    for name in pairs(attributes) do
        assert(name:find("^IMG_"), name)
    end
    return new_image(attributes.IMG_Width, attributes.IMG_Height)
end

local function rectangle(of)
    local copy = strict({ left = of.left, bottom = of.bottom, right = of.right, top = of.top }, "an ImgRectI")
    function copy:Offset(x, y)
        self.left, self.right = self.left + x, self.right + x
        self.bottom, self.top = self.bottom + y, self.top + y
    end
    return copy
end

-- EXR files --------------------------------------------------------------------------------------------------------

local exr_methods = {}

function exr_methods:ReadOpen(path, frame)
    assert(frame == -1)
    self.path = path
end

function exr_methods:ReadHeader()
    self.file = host.read_exr(self.path)
    return self.file ~= nil
end

function exr_methods:GetChannels(part)
    assert(part == 1)
    local channels = {}
    for _, name in ipairs(self.file.names) do
        channels[#channels + 1] = { Name = name }
    end
    return channels
end

function exr_methods:DisplayWindow()
    return { left = 0, bottom = 0, right = self.file.width, top = self.file.height }
end
exr_methods.DataWindow = exr_methods.DisplayWindow

function exr_methods:PixelAspectRatio()
    return 1
end

function exr_methods:Part(part)
    assert(part == 1)
end

function exr_methods:Channel(name, kind, sampling, channel)
    assert(kind == ANY_TYPE and sampling == 1)
    self.wanted[channel] = name
end

function exr_methods:ReadPart(part, images)
    assert(part == 1 and #images == 1)
    for channel, name in pairs(self.wanted) do
        for index, value in ipairs(self.file.planes[name]) do
            images[1].channels[channel][index] = value
        end
    end
end

function exr_methods:Close() end

function exr_methods:GetLastError()
    return self.file and "" or "cannot open file"
end

-- Tools ------------------------------------------------------------------------------------------------------------

local processing = false

local input_methods = {}

function input_methods:GetSource()
    return parameter(self.value)
end
input_methods.GetValue = input_methods.GetSource

function input_methods:SetSource(new, time)
    assert(not processing, "Process must not set controls")
    assert(type(new) == "table" and new.Value ~= nil, "SetSource takes a parameter")
    self.value = new.Value
    if self.attributes.INP_DoNotifyChanged and self.tool.functions.NotifyChanged then
        self.tool.functions.NotifyChanged(self, new, time)
    end
end

function input_methods:SetAttrs(attributes)
    for name, value in pairs(attributes) do
        self.attributes[name] = value
    end
end

function input_methods:GetAttr(name)
    return self.attributes[name]
end

local function new_input(tool, label, name, attributes)
    assert(type(label) == "string" and type(name) == "string" and type(attributes) == "table")
    assert(not tool.inputs[name], "two inputs named " .. name)
    local value = attributes.INPS_DefaultText
    if attributes.LINKID_DataType == "Number" or attributes.INPID_InputControl == "ButtonControl" then
        value = attributes.INP_Default or 0
    end
    local input = { label = label, name = name, attributes = attributes, tool = tool, value = value, page = tool.page }
    tool.inputs[name] = setmetatable(input, { __index = input_methods })
    tool.order[#tool.order + 1] = input
    return input
end

local function new_output(tool)
    local output = {}
    function output:Set(_, image)
        assert(processing, "an output is set in Process")
        tool.result = image
    end
    return output
end

local function operator(tool, name, comp)
    return strict({
        Name = name,
        Status = "",
        Comp = strict(comp, "a FusionDoc"),
        AddInput = function(_, label, id, attributes)
            return new_input(tool, label, id, attributes)
        end,
        AddOutput = function()
            return new_output(tool)
        end,
        AddControlPage = function(_, page)
            tool.page = page
        end,
        BeginControlNest = function() end,
        EndControlNest = function() end,
    }, "a Fuse's tool")
end

-- Runs a Fuse's file with globals of its own above Fusion's, as each tool has them.
local function run_file(path, own)
    local environment = setmetatable(own, { __index = _G, __newindex = rawset })
    local chunk = assert(loadfile(path))
    setfenv(chunk, environment)()
    return environment
end

--- Read a Fuse as Fusion does when it starts: for its registration alone. Gives name, class and attributes.
function fake.scan(path)
    local registered
    run_file(path, {
        FuRegisterClass = function(name, class, attributes)
            assert(not registered, "registered twice")
            registered = { name = name, class = class, attributes = attributes }
        end,
    })
    return (assert(registered, "nothing was registered"))
end

--- Add the tool of a Fuse to a composition.
function fake.add_tool(path, name, comp)
    local tool = { inputs = {}, order = {}, functions = {} }
    comp.MapPath = comp.MapPath or function(_, text)
        return (text:gsub("^Comp:[/\\]?", comp.folder .. "/"))
    end
    local globals = { self = operator(tool, name, comp), FuRegisterClass = function() end }
    tool.operator = globals.self
    tool.functions = run_file(path, globals)
    tool.functions.Create()
    return tool
end

--- Set a control as an artist does.
function fake.set(tool, name, value)
    tool.inputs[name]:SetSource(parameter(value), 0, 0)
end

--- Press a button, and let it go.
function fake.press(tool, name, time)
    tool.inputs[name]:SetSource(parameter(1), time, 0)
    tool.inputs[name]:SetSource(parameter(0), time, 0)
end

local function forbidden(what)
    return function()
        error("Process must not " .. what, 2)
    end
end

local function read_only_open(open)
    return function(path, mode)
        assert(not mode or mode:find("^r"), "Process must not write files")
        return open(path, mode)
    end
end

--- Render one frame of a tool. Gives what it put out.
function fake.process(tool, time, plate, precalc)
    local execute, popen, open, rename, remove, background =
        os.execute, io.popen, io.open, os.rename, os.remove, bmd.executebg
    os.execute, io.popen, bmd.executebg = forbidden("run"), forbidden("run"), forbidden("run")
    os.rename, os.remove, io.open = forbidden("rename"), forbidden("remove"), read_only_open(open)
    processing = true
    tool.inputs.Plate.value, tool.result = plate, nil
    tool.inputs.Plate.GetValue = function()
        return plate
    end
    local request = strict({
        Time = time,
        IsPreCalc = function()
            return precalc or false
        end,
    }, "a Request")
    local done, reason = pcall(tool.functions.Process, request)
    processing = false
    os.execute, io.popen, io.open, os.rename, os.remove, bmd.executebg =
        execute, popen, open, rename, remove, background
    assert(done, reason)
    return (assert(tool.result, "Process put nothing out"))
end

--- Make an image of one plane for each channel.
function fake.image(width, height, planes, file)
    local image = new_image(width, height)
    for name, plane in pairs(planes) do
        image.channels[name] = plane
    end
    image.Metadata = file and { Filename = file } or nil
    return image
end

--- Bring up Fusion's globals; any other global is an error from here on.
function fake.install(given)
    host = given
    for index, name in ipairs(CONSTANTS) do
        _G[name] = index
    end
    for index, name in ipairs(DEPTHS) do
        _G[name] = index
    end
    for name, channel in pairs(CHANNELS) do
        _G[name] = channel
    end
    _G.Text, _G.Number, _G.Image, _G.ImgRectI = parameter, parameter, image_of, rectangle
    _G.Pixel = function(values)
        return values or { R = 0, G = 0, B = 0, A = 0 }
    end
    _G.EXRIO = function()
        return setmetatable({ wanted = {} }, { __index = exr_methods })
    end
    _G.bmd = strict({
        started = {},
        createdir = given.make_folder,
        executebg = function(command, wait)
            bmd.started[#bmd.started + 1] = { command = command, wait = wait }
        end,
    }, "bmd")
    if jit then
        _G.ffi, _G.bit = require("ffi"), require("bit")
    end
    setmetatable(_G, {
        __index = function(_, name)
            -- `self` is nil at start-up; `module` and the like are asked for before they are set.
            if name ~= "self" then
                error("there is no global '" .. tostring(name) .. "' in Fusion", 2)
            end
        end,
    })
end

return fake
