--[[ Finished alphas as Fusion's images, and what the tool puts out for them. ]]

local M = {}

-- The matte is in A; a file with R = G = B alone says the same in R.
local function matte_channel(exr)
    local first
    for _, channel in ipairs(exr:GetChannels(1)) do
        if channel.Name == "A" then
            return "A"
        end
        first = first or channel.Name
    end
    return first
end

local function read_part(exr)
    local display = exr:DisplayWindow(1)
    local window = ImgRectI(exr:DataWindow(1))
    window:Offset(-display.left, -display.bottom)
    local image = Image({
        IMG_Width = display.right - display.left,
        IMG_Height = display.top - display.bottom,
        IMG_Depth = IMDP_128bitFloat,
        IMG_DataWindow = window,
        IMG_YScale = 1 / exr:PixelAspectRatio(1),
    })
    image:Fill(Pixel({ R = 0, G = 0, B = 0, A = 0 }))
    exr:Part(1)
    exr:Channel(matte_channel(exr), ANY_TYPE, 1, CHAN_ALPHA)
    exr:ReadPart(1, { image })
    return image
end

--- An alpha's file as an image whose A is the matte, or nil and why it could not be read.
-- EXRIO rather than Clip: it takes the very file that is named, and a file with no other channel than A.
function M.read(path)
    local exr = EXRIO()
    exr:ReadOpen(path, -1)
    local image = exr:ReadHeader() and read_part(exr)
    exr:Close()
    local reason = exr:GetLastError()
    if not image or (reason and reason ~= "") then
        return nil, path .. " cannot be read: " .. (reason or "it is no EXR file") .. "."
    end
    return image
end

-- With proxies on, Fusion computes smaller plates; a matte follows.
local function at_size_of(plate, alpha)
    if plate.Width == alpha.Width and plate.Height == alpha.Height then
        return alpha
    elseif plate.ProxyScale == 1 then
        return nil
    end
    local smaller = Image({ IMG_Like = alpha, IMG_Width = plate.Width, IMG_Height = plate.Height })
    alpha:Resize(smaller, { RSZ_Filter = "BiLinear", RSZ_Width = plate.Width, RSZ_Height = plate.Height })
    return smaller
end

local COPIES = {
    premultiplied = { A = "fg.A" },
    straight = { A = "fg.A" },
    alpha = { R = "fg.A", G = "fg.A", B = "fg.A", A = "fg.A" },
}

--- Plate and alpha together, as `show` says: premultiplied, straight, or the alpha alone in all four channels.
-- Gives nil and a sentence if they are pictures of different size.
function M.combine(plate, alpha, show)
    local fitting = at_size_of(plate, alpha)
    if not fitting then
        return nil,
            string.format(
                "The alpha has %d x %d pixels and the plate here %d x %d: connect the plate that was matted.",
                alpha.Width,
                alpha.Height,
                plate.Width,
                plate.Height
            )
    end
    if show == "premultiplied" then
        plate = plate:ChannelOpOf("Multiply", fitting, { R = "fg.A", G = "fg.A", B = "fg.A" })
    end
    return plate:ChannelOpOf("Copy", fitting, COPIES[show])
end

return M
