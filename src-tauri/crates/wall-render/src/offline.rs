//! What maplibre-rs wants to know of its surroundings. There are none: no network, no threads, no display.

use async_trait::async_trait;
use maplibre::{
    environment::{Environment, OffscreenKernelEnvironment},
    headless::window::HeadlessMapWindowConfig,
    io::{
        apc::SchedulerAsyncProcedureCall,
        scheduler::NopScheduler,
        source_client::{HttpClient, HttpSourceClient, SourceClient, SourceFetchError},
    },
    kernel::{Kernel, KernelBuilder},
};

/// A client that fetches nothing: a picture is drawn from what it was given.
#[derive(Clone)]
pub struct NoHttp;

#[async_trait(?Send)]
impl HttpClient for NoHttp {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, SourceFetchError> {
        Err(SourceFetchError(format!("the network is not used ({url})").into()))
    }
}

/// Surroundings of a worker.
pub struct Offscreen;

impl OffscreenKernelEnvironment for Offscreen {
    type HttpClient = NoHttp;
    fn create() -> Self {
        Offscreen
    }
    fn source_client(&self) -> SourceClient<NoHttp> {
        SourceClient::new(HttpSourceClient::new(NoHttp))
    }
}

/// Surroundings of the renderer.
pub struct Offline;

impl Environment for Offline {
    type MapWindowConfig = HeadlessMapWindowConfig;
    type AsyncProcedureCall = SchedulerAsyncProcedureCall<Offscreen, NopScheduler>;
    type Scheduler = NopScheduler;
    type HttpClient = NoHttp;
    type OffscreenKernelEnvironment = Offscreen;
}

/// A kernel for a picture of this size.
pub fn kernel(window: HeadlessMapWindowConfig) -> Kernel<Offline> {
    KernelBuilder::new()
        .with_map_window_config(window)
        .with_http_client(NoHttp)
        .with_scheduler(NopScheduler)
        .with_apc(SchedulerAsyncProcedureCall::new(NopScheduler))
        .build()
}
