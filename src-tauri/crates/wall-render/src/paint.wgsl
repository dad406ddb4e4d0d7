// A part of the picture: pixels from the picture's top left become clip space of the part.
struct Part { origin: vec2<f32>, size: vec2<f32> };
@group(0) @binding(0) var<uniform> part: Part;

fn clip(pos: vec2<f32>) -> vec4<f32> {
    let p = (pos - part.origin) / part.size * 2.0 - 1.0;
    return vec4<f32>(p.x, -p.y, 0.0, 1.0);
}

struct Flat {
    @builtin(position) at: vec4<f32>,
    @location(0) rgba: vec4<f32>,
    @location(1) pos: vec2<f32>,
    @location(2) hatch: f32,
};

@vertex fn flat_vertex(@location(0) pos: vec2<f32>, @location(1) rgba: vec4<f32>, @location(2) hatch: f32) -> Flat {
    var o: Flat;
    o.at = clip(pos);
    o.rgba = rgba;
    o.pos = pos;
    o.hatch = hatch;
    return o;
}

// Hatching: diagonal stripes at a fixed distance in the picture, so that neighbouring areas run on into one another.
@fragment fn flat_fragment(v: Flat) -> @location(0) vec4<f32> {
    let along = (v.pos.x + v.pos.y) / max(v.hatch, 1.0);
    let soft = fwidth(along);
    let stripe = 1.0 - smoothstep(0.10 - soft, 0.10 + soft, abs(fract(along) - 0.5));
    return vec4<f32>(v.rgba.rgb, v.rgba.a * select(1.0, stripe, v.hatch > 0.0));
}

@group(1) @binding(0) var image: texture_2d<f32>;
@group(1) @binding(1) var smooth_sampler: sampler;

struct Image {
    @builtin(position) at: vec4<f32>,
    @location(0) uv: vec2<f32>,
};

@vertex fn image_vertex(@location(0) pos: vec2<f32>, @location(1) uv: vec2<f32>) -> Image {
    var o: Image;
    o.at = clip(pos);
    o.uv = uv;
    return o;
}

@fragment fn image_fragment(v: Image) -> @location(0) vec4<f32> {
    // Alpha is multiplied in before upload, so that smoothing does not bleed colour out of empty pixels.
    return textureSample(image, smooth_sampler, v.uv);
}
