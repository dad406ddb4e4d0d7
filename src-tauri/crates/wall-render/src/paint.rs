//! Draws a scene with maplibre-rs: its renderer, its schedule, its render graph, and one node of our own in it.

use crate::{
    RenderError, StillRaster,
    compose::{GROUND, Scene},
    mesh::{Mesh, Vertex},
    offline::{self, Offline},
    projection::Rect,
};
use bytemuck::{Pod, Zeroable};
use maplibre::{
    context::MapContext,
    coords::Zoom,
    headless::window::HeadlessMapWindowConfig,
    kernel::Kernel,
    plugin::Plugin,
    render::{
        RenderPlugin, RenderResources, Renderer,
        eventually::Eventually,
        graph::{Node, NodeRunError, RenderContext, RenderGraph, RenderGraphContext},
        resource::Head,
        settings::{Backends, Msaa, RendererSettings, WgpuSettings},
    },
    schedule::{Schedule, Stage},
    style::Style,
    tcs::world::World,
    view_state::ViewState,
    window::{MapWindowConfig, WindowSize},
};
use std::{
    rc::Rc,
    sync::{Arc, Mutex},
};
use wgpu::util::DeviceExt;

/// Each pixel of the picture is this many squared on the adapter, each with 4 samples.
const OVERSAMPLING: u32 = 2;
/// Largest side, in pixels of the picture, drawn at once: bounds the memory and makes any size possible on any adapter.
const PART: u32 = 1280;
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
const SAMPLES: u32 = 4;

/// Draws the scene; rows of RGBA bytes, opaque.
///
/// # Errors
/// [`RenderError::NoAdapter`] without an adapter; [`RenderError::Gpu`] when the adapter or the renderer reports an error.
///
/// # Panics
/// maplibre-rs and wgpu may panic on a fault of the driver; see [`crate::draw`], which turns that into an error.
pub fn paint(scene: &Scene, width: u32, height: u32) -> Result<Vec<u8>, RenderError> {
    let (columns, rows) = (width.div_ceil(PART), height.div_ceil(PART));
    let part = [width.div_ceil(columns), height.div_ceil(rows)];
    let size = WindowSize::new(part[0] * OVERSAMPLING, part[1] * OVERSAMPLING)
        .ok_or_else(|| RenderError::Input("an empty picture".into()))?;

    let mut renderer = renderer(size)?;
    let fault: Arc<Mutex<Option<String>>> = Arc::default();
    let seen = fault.clone();
    renderer.device.on_uncaptured_error(move |error: wgpu::Error| {
        if let Ok(mut first) = seen.lock() {
            first.get_or_insert_with(|| one_line(&error.to_string()));
        }
    });
    let limit = renderer.device.limits().max_buffer_size;
    let largest = [&scene.under, &scene.over].map(|m| (m.vertices.len() * size_of::<Vertex>()).max(m.indices.len() * 4) as u64);
    if largest.iter().any(|bytes| *bytes > limit) {
        return Err(RenderError::Input(format!("too much detail for this graphics adapter ({largest:?} bytes, limit {limit})")));
    }

    let stock = Arc::new(Stock::new(&renderer.device, &renderer.queue, scene));
    let (mut world, mut schedule) = (World::default(), Schedule::default());
    let kernel = Rc::new(offline::kernel(HeadlessMapWindowConfig::new(size)));
    let plugins: [Box<dyn Plugin<Offline>>; 2] = [Box::new(RenderPlugin), Box::new(Painter(stock.clone()))];
    for plugin in &plugins {
        plugin.build(&mut schedule, kernel.clone(), &mut world, &mut renderer.render_graph);
    }
    // The renderer's own camera looks at the same place, for layers of tiles below ours.
    let zoom = Zoom::new(scene.projection.zoom().clamp(0.0, 24.0));
    let centre = scene.projection.picture_centre(width, height);
    let view_state = ViewState::new(size, centre, zoom, cgmath::Deg(0.0), cgmath::Deg(110.0));
    let mut context = MapContext { style: Style::default(), view_state, world, renderer };

    let mut picture = vec![0; width as usize * height as usize * 4];
    for (row, column) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
        let origin = [column * part[0], row * part[1]];
        let uniform = [origin[0] as f32, origin[1] as f32, part[0] as f32, part[1] as f32];
        context.renderer.queue.write_buffer(&stock.part, 0, bytemuck::cast_slice(&uniform));
        schedule.run(&mut context);
        copy_out(&context.renderer, origin, part, &mut picture, [width, height])?;
        let failed = fault.lock().map_or(None, |mut f| f.take());
        if let Some(reason) = failed {
            return Err(RenderError::Gpu(reason));
        }
    }
    Ok(picture)
}

/// The name of the adapter a picture would be drawn with, such as "llvmpipe (LLVM 15.0.6, 256 bits)".
///
/// # Errors
/// [`RenderError::NoAdapter`] when there is none.
pub fn adapter_name() -> Result<String, RenderError> {
    let size = WindowSize::new(64, 64).ok_or(RenderError::NoAdapter)?;
    Ok(renderer(size)?.adapter.get_info().name)
}

/// Vulkan, Metal or Direct3D first, OpenGL where there is nothing else; `WGPU_BACKEND` overrides.
fn renderer(size: WindowSize) -> Result<Renderer, RenderError> {
    let window = HeadlessMapWindowConfig::new(size).create();
    let asked = wgpu::util::backend_bits_from_env();
    for backends in asked.map_or(vec![Backends::PRIMARY, Backends::GL], |b| vec![b]) {
        let wgpu_settings = WgpuSettings { backends: Some(backends), ..WgpuSettings::default() };
        let settings =
            RendererSettings { msaa: Msaa { samples: SAMPLES }, texture_format: Some(FORMAT), ..RendererSettings::default() };
        if let Ok(renderer) = pollster::block_on(Renderer::initialize_headless(&window, wgpu_settings, settings)) {
            return Ok(renderer);
        }
    }
    Err(RenderError::NoAdapter)
}

/// Puts our node behind the renderer's main pass.
struct Painter(Arc<Stock>);

impl Plugin<Offline> for Painter {
    fn build(&self, _: &mut Schedule, _: Rc<Kernel<Offline>>, _: &mut World, graph: &mut RenderGraph) {
        let draw = graph.get_sub_graph_mut("draw").expect("RenderPlugin comes first");
        draw.add_node("still", PaintNode(self.0.clone()));
        draw.add_node_edge("main_pass", "still").expect("both nodes exist");
    }
}

/// Everything a picture needs on the adapter.
struct Stock {
    flat: wgpu::RenderPipeline,
    part: wgpu::Buffer,
    part_group: wgpu::BindGroup,
    under: Option<Batch>,
    image: Option<(wgpu::RenderPipeline, wgpu::BindGroup, wgpu::Buffer)>,
    over: Option<Batch>,
}

/// A mesh on the adapter.
struct Batch {
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    count: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Corner {
    pos: [f32; 2],
    uv: [f32; 2],
}

impl Stock {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, scene: &Scene) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("still"),
            source: wgpu::ShaderSource::Wgsl(include_str!("paint.wgsl").into()),
        });
        let part = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("part"),
            size: 16,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let part_layout = layout(
            device,
            &[(
                wgpu::ShaderStages::VERTEX,
                wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
            )],
        );
        let part_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("part"),
            layout: &part_layout,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: part.as_entire_binding() }],
        });
        let flat = pipeline(
            device,
            &shader,
            ("flat_vertex", "flat_fragment"),
            &[&part_layout],
            (size_of::<Vertex>() as u64, &wgpu::vertex_attr_array![0 => Float32x2, 1 => Unorm8x4, 2 => Float32]),
            wgpu::BlendState::ALPHA_BLENDING,
        );
        let image = scene.raster.as_ref().map(|(at, raster)| {
            let texture = wgpu::TextureSampleType::Float { filterable: true };
            let image_layout = layout(
                device,
                &[
                    (
                        wgpu::ShaderStages::FRAGMENT,
                        wgpu::BindingType::Texture {
                            sample_type: texture,
                            view_dimension: wgpu::TextureViewDimension::D2,
                            multisampled: false,
                        },
                    ),
                    (wgpu::ShaderStages::FRAGMENT, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)),
                ],
            );
            let group = image_group(device, queue, &image_layout, raster);
            let image = pipeline(
                device,
                &shader,
                ("image_vertex", "image_fragment"),
                &[&part_layout, &image_layout],
                (size_of::<Corner>() as u64, &wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x2]),
                wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING,
            );
            (image, group, buffer(device, bytemuck::cast_slice(&corners(at)), wgpu::BufferUsages::VERTEX))
        });
        Stock { flat, part, part_group, under: batch(device, &scene.under), image, over: batch(device, &scene.over) }
    }
}

fn corners(r: &Rect) -> [Corner; 6] {
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
        .map(|uv: [f32; 2]| Corner { pos: [r.x + r.w * uv[0], r.y + r.h * uv[1]], uv })
}

fn buffer(device: &wgpu::Device, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: Some("still"), contents, usage })
}

fn batch(device: &wgpu::Device, mesh: &Mesh) -> Option<Batch> {
    (!mesh.indices.is_empty()).then(|| Batch {
        vertices: buffer(device, bytemuck::cast_slice(&mesh.vertices), wgpu::BufferUsages::VERTEX),
        indices: buffer(device, bytemuck::cast_slice(&mesh.indices), wgpu::BufferUsages::INDEX),
        count: mesh.indices.len() as u32,
    })
}

fn layout(device: &wgpu::Device, entries: &[(wgpu::ShaderStages, wgpu::BindingType)]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..)
        .zip(entries)
        .map(|(binding, (visibility, ty))| wgpu::BindGroupLayoutEntry { binding, visibility: *visibility, ty: *ty, count: None })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("still"), entries: &entries })
}

fn image_group(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    layout: &wgpu::BindGroupLayout,
    raster: &StillRaster,
) -> wgpu::BindGroup {
    let premultiplied: Vec<u8> = raster
        .rgba
        .chunks_exact(4)
        .flat_map(|p| {
            let by = |v: u8| ((u32::from(v) * u32::from(p[3]) + 127) / 255) as u8;
            [by(p[0]), by(p[1]), by(p[2]), p[3]]
        })
        .collect();
    let texture = device.create_texture_with_data(
        queue,
        &wgpu::TextureDescriptor {
            label: Some("raster"),
            size: wgpu::Extent3d { width: raster.width, height: raster.height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        },
        &premultiplied,
    );
    let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
        mag_filter: wgpu::FilterMode::Linear,
        min_filter: wgpu::FilterMode::Linear,
        ..wgpu::SamplerDescriptor::default()
    });
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("raster"),
        layout,
        entries: &[
            wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::TextureView(&texture.create_view(&wgpu::TextureViewDescriptor::default())),
            },
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&sampler) },
        ],
    })
}

fn pipeline(
    device: &wgpu::Device,
    shader: &wgpu::ShaderModule,
    (vertex, fragment): (&str, &str),
    groups: &[&wgpu::BindGroupLayout],
    (array_stride, attributes): (u64, &[wgpu::VertexAttribute]),
    blend: wgpu::BlendState,
) -> wgpu::RenderPipeline {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("still"),
        bind_group_layouts: groups,
        push_constant_ranges: &[],
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("still"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: shader,
            entry_point: vertex,
            buffers: &[wgpu::VertexBufferLayout { array_stride, step_mode: wgpu::VertexStepMode::Vertex, attributes }],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState { count: SAMPLES, ..wgpu::MultisampleState::default() },
        fragment: Some(wgpu::FragmentState {
            module: shader,
            entry_point: fragment,
            targets: &[Some(wgpu::ColorTargetState { format: FORMAT, blend: Some(blend), write_mask: wgpu::ColorWrites::ALL })],
        }),
        multiview: None,
    })
}

/// Draws ground, areas, raster, lines and words into the renderer's multisampled target.
struct PaintNode(Arc<Stock>);

impl Node for PaintNode {
    fn run(
        &self,
        _: &mut RenderGraphContext,
        context: &mut RenderContext,
        resources: &RenderResources,
        _: &World,
    ) -> Result<(), NodeRunError> {
        let (Eventually::Initialized(target), Eventually::Initialized(Some(samples))) =
            (&resources.render_target, &resources.multisampling_texture)
        else {
            return Ok(());
        };
        let [r, g, b, a] = GROUND.map(|v| f64::from(v) / 255.0);
        let mut pass = context.command_encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("still"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &samples.view,
                resolve_target: Some(target),
                // maplibre-rs always clears to white; this is the dark ground. With a base map of tiles it must be `Load`.
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a }), store: true },
            })],
            depth_stencil_attachment: None,
        });
        let stock = &*self.0;
        pass.set_bind_group(0, &stock.part_group, &[]);
        for (batch, then_image) in [(&stock.under, true), (&stock.over, false)] {
            if let Some(batch) = batch {
                pass.set_pipeline(&stock.flat);
                pass.set_vertex_buffer(0, batch.vertices.slice(..));
                pass.set_index_buffer(batch.indices.slice(..), wgpu::IndexFormat::Uint32);
                pass.draw_indexed(0..batch.count, 0, 0..1);
            }
            if let (true, Some((pipeline, group, corners))) = (then_image, &stock.image) {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(1, group, &[]);
                pass.set_vertex_buffer(0, corners.slice(..));
                pass.draw(0..6, 0..1);
            }
        }
        Ok(())
    }
}

/// Fetches the part just drawn and averages it down into the picture.
fn copy_out(
    renderer: &Renderer,
    origin: [u32; 2],
    part: [u32; 2],
    picture: &mut [u8],
    size: [u32; 2],
) -> Result<(), RenderError> {
    let Head::Headless(head) = renderer.resources.surface.head() else {
        return Err(RenderError::Gpu("the renderer opened a window".into()));
    };
    let mut encoder = renderer.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_texture_to_buffer(
        head.copy_texture(),
        wgpu::ImageCopyBuffer {
            buffer: head.buffer(),
            layout: wgpu::ImageDataLayout { offset: 0, bytes_per_row: Some(head.bytes_per_row()), rows_per_image: None },
        },
        wgpu::Extent3d { width: part[0] * OVERSAMPLING, height: part[1] * OVERSAMPLING, depth_or_array_layers: 1 },
    );
    renderer.queue.submit([encoder.finish()]);
    let slice = head.map_async(&renderer.device);
    let bytes = slice.get_mapped_range();
    let stride = head.bytes_per_row().get() as usize;
    let n = OVERSAMPLING as usize;
    let columns = part[0].min(size[0] - origin[0]) as usize;
    for y in 0..part[1].min(size[1] - origin[1]) as usize {
        let start = ((origin[1] as usize + y) * size[0] as usize + origin[0] as usize) * 4;
        for (x, out) in picture[start..start + columns * 4].chunks_exact_mut(4).enumerate() {
            let mut sum = [0u32; 3];
            for (dy, dx) in (0..n).flat_map(|dy| (0..n).map(move |dx| (dy, dx))) {
                let i = (y * n + dy) * stride + (x * n + dx) * 4;
                for (s, v) in sum.iter_mut().zip(&bytes[i..i + 3]) {
                    *s += u32::from(*v);
                }
            }
            let count = (n * n) as u32;
            let mean = |k: usize| ((sum[k] + count / 2) / count) as u8;
            out.copy_from_slice(&[mean(0), mean(1), mean(2), 255]);
        }
    }
    drop(bytes);
    head.unmap();
    Ok(())
}

/// The first line that says something, for a message of one line.
pub fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).take(4).collect::<Vec<_>>().join(": ")
}
