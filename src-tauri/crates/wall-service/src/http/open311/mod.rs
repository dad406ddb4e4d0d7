//! Open311 GeoReport v2: the same tickets through the standard's door, in XML (which it demands) and JSON.
//!
//! Status is `open` or `closed` there; our finer stage stands in `status_notes`. Who reports goes sealed into the
//! store and never comes out here.

mod create;
mod document;
mod requests;

pub(crate) use create::create;
pub(crate) use requests::request;

use super::{
    App,
    gate::{self, Caller},
    params::Params,
    refusal::Refusal,
};
use crate::{wall::allowed, wire::CategoryView};
use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use document::Node;
use wall_core::Right;

const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";
/// When what discovery says last changed.
const CHANGESET: &str = "2026-11-22T00:00:00Z";

/// The two forms of the standard, by the end of the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Xml,
    Json,
}

impl Form {
    /// `services.xml` → (`services`, XML). `None`: no form the standard knows.
    fn of(file: &str) -> Option<(&str, Self)> {
        match file.rsplit_once('.')? {
            (stem, "xml") => Some((stem, Self::Xml)),
            (stem, "json") => Some((stem, Self::Json)),
            _ => None,
        }
    }

    /// An answer under a root element.
    fn answer(self, status: StatusCode, root: &str, node: &Node) -> Response {
        match self {
            Self::Xml => (status, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], node.to_xml(root)).into_response(),
            Self::Json => (status, Json(node.to_json())).into_response(),
        }
    }

    fn error(self, refusal: Refusal) -> Response {
        let code = refusal.status.as_u16();
        let node = Node::List(
            "error",
            vec![Node::Group(vec![("code", Node::Number(code.into())), ("description", Node::text(&refusal.message))])],
        );
        let mut response = self.answer(refusal.status, "errors", &node);
        // Retry-After and the like stay as everywhere else.
        for (name, value) in refusal.into_response().headers() {
            if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
                response.headers_mut().insert(name.clone(), value.clone());
            }
        }
        response
    }
}

/// A refusal of the gate, in the standard's words.
pub(crate) fn refused(path: &str, refusal: Refusal) -> Response {
    let form = Form::of(path).map_or(Form::Xml, |(_, form)| form);
    form.error(refusal)
}

/// Runs a handler's body and puts its refusals in the standard's words.
async fn in_form<F>(file: &str, work: impl FnOnce(String, Form) -> F) -> Response
where
    F: Future<Output = Result<Response, Refusal>>,
{
    match Form::of(file) {
        Some((stem, form)) => work(stem.to_owned(), form).await.unwrap_or_else(|refusal| form.error(refusal)),
        None => Form::Xml.error(Refusal::not_found("append .xml or .json to the resource")),
    }
}

/// Who asks: by header or cookie, else by `api_key` in the query.
async fn who(app: &App, caller: Option<Extension<Caller>>, params: &Params) -> Result<Caller, Refusal> {
    let caller = match (caller, params.text("api_key")) {
        (Some(Extension(caller)), _) => caller,
        (None, Some(key)) => gate::by_key(app, key).await?,
        (None, None) => return Err(Refusal::sign_in()),
    };
    allowed(&caller.actor, Right::See)?;
    Ok(caller)
}

/// `GET /open311/discovery.{xml,json}`.
pub(crate) async fn discovery(State(app): State<App>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    in_form(&file, |stem, form| async move {
        if stem != "discovery" {
            return Err(Refusal::not_found("the standard knows discovery here"));
        }
        let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or("localhost");
        let scheme = if app.options.is_secure() { "https" } else { "http" };
        let formats = ["text/xml", "application/json"].map(Node::text).to_vec();
        let endpoint = Node::Group(vec![
            ("specification", Node::text(SPECIFICATION)),
            ("url", Node::text(format!("{scheme}://{host}/open311/v2"))),
            ("changeset", Node::text(CHANGESET)),
            ("type", Node::text("production")),
            ("formats", Node::List("format", formats)),
        ]);
        let node = Node::Group(vec![
            ("changeset", Node::text(CHANGESET)),
            ("contact", Node::text("请向本指挥室的管理员询问。 Ask the administrator of this command room.")),
            ("key_service", Node::text("gridwall token create NAME")),
            ("endpoints", Node::List("endpoint", vec![endpoint])),
        ]);
        Ok(form.answer(StatusCode::OK, "discovery", &node))
    })
    .await
}

/// `GET /open311/v2/services.…` and `GET /open311/v2/requests.…`.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Option<Extension<Caller>>,
    Path(file): Path<String>,
    uri: Uri,
) -> Response {
    in_form(&file, |stem, form| async move {
        let params = Params::of(&uri)?;
        let caller = who(&app, caller, &params).await?;
        match stem.as_str() {
            "services" => {
                let services = app.wall.categories().iter().map(service_node).collect();
                Ok(form.answer(StatusCode::OK, "services", &Node::List("service", services)))
            }
            "requests" => requests::list(&app, &caller, &params, form).await,
            _ => Err(Refusal::not_found("the standard knows services and requests here")),
        }
    })
    .await
}

/// `GET /open311/v2/services/{code}.…`.
pub(crate) async fn service(
    State(app): State<App>,
    caller: Option<Extension<Caller>>,
    Path(file): Path<String>,
    uri: Uri,
) -> Response {
    in_form(&file, |code, form| async move {
        let params = Params::of(&uri)?;
        who(&app, caller, &params).await?;
        if !app.wall.categories().iter().any(|c| c.code == code) {
            return Err(Refusal::not_found("no service has this service_code"));
        }
        // No service asks for more than the standard's own fields (`metadata` is false).
        let node = Node::Group(vec![("service_code", Node::text(code)), ("attributes", Node::List("attribute", Vec::new()))]);
        Ok(form.answer(StatusCode::OK, "service_definition", &node))
    })
    .await
}

fn service_node(category: &CategoryView) -> Node {
    let name = if category.name.is_empty() { &category.code } else { &category.name };
    Node::Group(vec![
        ("service_code", Node::text(&category.code)),
        ("service_name", Node::text(name)),
        ("description", Node::Nothing),
        ("metadata", Node::Flag(false)),
        ("type", Node::text("realtime")),
        ("keywords", Node::Nothing),
        ("group", Node::some(category.platform.as_str())),
    ])
}
