//! What is said instead of the server, when it cannot be asked.

use http::{HeaderValue, Response, StatusCode, header};
use wall_service::http::{Fingerprint, notice};

/// Why the server cannot be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It does not answer, or not by TLS.
    Unreachable(String),
    /// It shows another key than the one that is pinned.
    OtherKey {
        /// The one it should show.
        pinned: Fingerprint,
        /// The one it shows.
        shown: Fingerprint,
    },
}

impl Trouble {
    /// Exit code of the command line for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable(_) => 4,
            Self::OtherKey { .. } => 5,
        }
    }

    /// What happened, and what to do.
    pub fn words(&self, origin: &str) -> String {
        match self {
            Self::Unreachable(why) => format!("{origin} is not reached: {why}"),
            Self::OtherKey { pinned, shown } => format!(
                "{origin} shows another key than before, and nothing is asked of it. Before: {pinned}; now: {shown}. Either the server was \
                 set up anew, or somebody stands between. Compare with what the server prints at its start (public key SHA-256); if it is \
                 the one of now, say so once: gridwall run --server {origin} --fingerprint {shown}"
            ),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::OtherKey { .. } => "other_key",
        }
    }

    /// The answer to a question of the page, or the page itself, which tries again by itself.
    pub fn answer(&self, origin: &str, is_page: bool) -> Response<Vec<u8>> {
        let (body, kind) = if is_page {
            let shown = escaped(&self.words(origin));
            let body = match self {
                Self::Unreachable(_) => {
                    notice("连接不上服务器", "正在每 5 秒重试。", "The server is not reached", &shown, Some(5))
                }
                Self::OtherKey { .. } => notice(
                    "服务器的密钥变了,已停止连接",
                    "服务器可能重新安装过,也可能有人在中间冒充。请与服务器启动时显示的公钥指纹核对;确认无误后,在本机用下面的命令重新信任一次。",
                    "The server shows another key: nothing is asked of it",
                    &shown,
                    Some(30),
                ),
            };
            (body, "text/html; charset=utf-8")
        } else {
            (serde_json::json!({ "code": self.code(), "message": self.words(origin) }).to_string(), "application/json")
        };
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

/// A page that goes on to the wall.
pub fn go_home() -> Response<Vec<u8>> {
    let mut response = Response::new(notice("请稍候", "", "One moment", "", Some(0)).into_bytes());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Words of a server or a system in a page of ours.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
