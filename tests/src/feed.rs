use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::time::Duration;
use ureq::{Agent, http::Response};

/// An answer: status, headers that matter, body.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, when given.
    pub retry_after: Option<String>,
    /// `Content-Type`.
    pub content_type: String,
    /// `Set-Cookie`, when given.
    pub cookie: Option<String>,
    /// Body.
    pub body: String,
}

impl Answer {
    /// Body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }

    /// Body as JSON lines.
    pub fn lines(&self) -> Vec<Value> {
        self.body.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("not JSON ({e}): {l}"))).collect()
    }

    /// Itself, if the status is `status`.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// Who asks the wall over HTTP, and with what right.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    /// With no right at all.
    pub fn anonymous(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), base: base.to_owned(), headers: Vec::new() }
    }

    /// With a token.
    pub fn with_token(base: &str, token: &str) -> Self {
        Self::anonymous(base).header("authorization", format!("Bearer {token}"))
    }

    /// With the session that a one-time link gives.
    pub fn signed_in(base: &str, link: &str) -> Self {
        let anonymous = Self::anonymous(base);
        let path = link.strip_prefix(base).expect("the link lies below the root");
        let answer = anonymous.get(path);
        let cookie = answer.cookie.clone().unwrap_or_else(|| panic!("no session cookie: {answer:?}"));
        anonymous.header("cookie", cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// The same client with one more header.
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// GET `path`, from the root with its slash.
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    /// GET that may fail on the way (the wall is being killed).
    pub fn try_get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        answer(request.call()?)
    }

    /// GET something that is no text: its content type and bytes.
    pub fn get_bytes(&self, path: &str) -> (String, Vec<u8>) {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut response = request.call().unwrap_or_else(|e| panic!("GET {path}: {e}"));
        assert_eq!(response.status().as_u16(), 200, "GET {path}");
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        (kind, response.body_mut().with_config().limit(1 << 28).read_to_vec().expect("a body"))
    }

    /// POST `body`.
    pub fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        self.try_post(path, content_type, body).unwrap_or_else(|e| panic!("POST {path}: {e}"))
    }

    /// POST that may fail on the way.
    pub fn try_post(&self, path: &str, content_type: &str, body: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.post(format!("{}{path}", self.base)).header("content-type", content_type);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        answer(request.send(body)?)
    }

    /// Posts one ticket as JSON.
    pub fn ticket(&self, ticket: &Value) -> Answer {
        self.post("/api/v1/tickets", "application/json", &ticket.to_string())
    }

    /// Posts tickets as NDJSON.
    pub fn tickets(&self, tickets: &[Value]) -> Answer {
        let body: String = tickets.iter().map(|t| format!("{t}\n")).collect();
        self.post("/api/v1/tickets", "application/x-ndjson", &body)
    }

    /// Opens a stream of server-sent events.
    pub fn events(&self, path: &str) -> Events {
        // A stream has no end to wait for: only the head has a deadline, and each read one of its own below.
        let mut request = self.agent.get(format!("{}{path}", self.base)).header("accept", "text/event-stream");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.call().unwrap_or_else(|e| panic!("GET {path}: {e}"));
        assert_eq!(response.status().as_u16(), 200, "GET {path}");
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(kind.starts_with("text/event-stream"), "GET {path}: content type {kind}");
        Events { lines: BufReader::new(Box::new(response.into_body().into_reader())) }
    }
}

fn answer(mut response: Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let text = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (status, retry_after, content_type, cookie) =
        (response.status().as_u16(), text("retry-after"), text("content-type").unwrap_or_default(), text("set-cookie"));
    let body = response.body_mut().with_config().limit(1 << 28).read_to_string()?;
    Ok(Answer { status, retry_after, content_type, cookie, body })
}

/// Server-sent events, one by one. The client's deadline ends a stream that says nothing.
pub struct Events {
    lines: BufReader<Box<dyn std::io::Read + Send>>,
}

impl Iterator for Events {
    /// Id (empty without one) and data.
    type Item = (String, Value);

    fn next(&mut self) -> Option<Self::Item> {
        let (mut id, mut data) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            // A read that fails is the deadline or the end of the wall: the stream is over either way.
            if self.lines.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(value) = line.strip_prefix("id:") {
                id = value.trim().to_owned();
            } else if let Some(value) = line.strip_prefix("data:") {
                data.push_str(value.trim_start());
            } else if line.is_empty() && !data.is_empty() {
                let value = serde_json::from_str(&data).unwrap_or_else(|e| panic!("event is not JSON ({e}): {data}"));
                return Some((id, value));
            }
        }
    }
}
