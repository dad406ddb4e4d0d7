//! By which name the wall is asked, and whose page makes a browser ask it: what comes of other sites is refused here.

use super::refusal::Refusal;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use std::net::IpAddr;

/// Refuses names that are not ours: a page of another site whose name was made to point here (DNS rebinding). The address at
/// which the connection came in is ours: no name of somebody else's points there unseen.
pub(super) fn asked_host(allowed: &[String], uri: &Uri, headers: &HeaderMap, here: Option<IpAddr>) -> Result<String, Refusal> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let Some(host) = host else { return Err(Refusal::invalid("one Host header is needed")) };
    let authority = uri.authority().map(|a| a.as_str());
    for name in [Some(host), authority].into_iter().flatten() {
        if !is_ours(host_name(name), allowed, here) {
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "wrong_host",
                "this wall does not answer under that host name; start it with the name allowed",
            ));
        }
    }
    Ok(host.to_owned())
}

/// `host:port` without the port.
fn host_name(authority: &str) -> &str {
    split_port(authority).0
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') && port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (authority, None),
    }
}

fn is_ours(name: &str, allowed: &[String], here: Option<IpAddr>) -> bool {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    let own = |ip: IpAddr| ip.is_loopback() || here.is_some_and(|here| here.to_canonical() == ip);
    let address = bare.parse::<IpAddr>().is_ok_and(|ip| own(ip.to_canonical()));
    address || name.eq_ignore_ascii_case("localhost") || allowed.iter().any(|a| a.eq_ignore_ascii_case(name))
}

/// Refuses what a page of another origin makes the viewer's browser send (CSRF).
pub(super) fn same_origin(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    host: &str,
    by_cookie: bool,
    signs_in: bool,
) -> Result<(), Refusal> {
    let refused = || Err(Refusal::new(StatusCode::FORBIDDEN, "cross_origin", "a page of another origin may not ask this"));
    let text = |name: HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let origin = text(header::ORIGIN);
    if origin.is_some_and(|o| !origin_is(o, host)) {
        return refused();
    }
    let site = text(HeaderName::from_static("sec-fetch-site"));
    // Nor may it sign the viewer in as somebody else.
    if by_cookie || signs_in {
        // Another port of this machine is the same site: it gets the cookie, and must not get answers.
        let opening = method.is_safe() && path == "/" && text(HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
        if site.is_some_and(|s| !matches!(s, "same-origin" | "none")) && !opening {
            return refused();
        }
        // Every browser names the origin of a page that posts; without a cookie it may be a program.
        if by_cookie && !method.is_safe() && origin.is_none() && site != Some("same-origin") {
            return refused();
        }
    }
    Ok(())
}

/// Whether an `Origin` is the one of the host asked, default ports filled in.
fn origin_is(origin: &str, host: &str) -> bool {
    let (default, authority) = match (origin.strip_prefix("http://"), origin.strip_prefix("https://")) {
        (Some(a), _) => ("80", a),
        (_, Some(a)) => ("443", a),
        _ => return false,
    };
    let whole = |a| {
        let (name, port) = split_port(a);
        (name.to_ascii_lowercase(), port.unwrap_or(default).to_owned())
    };
    whole(authority) == whole(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_our_names_are_ours() {
        let allowed = ["wall.example".to_owned()];
        for ours in
            ["localhost", "LOCALHOST:8787", "127.0.0.1", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:80", "Wall.Example:443"]
        {
            assert!(is_ours(host_name(ours), &allowed, None), "{ours}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "",
            "wall.example.evil",
            "[::]",
        ] {
            assert!(!is_ours(host_name(foreign), &allowed, None), "{foreign}");
        }
        let here = Some(IpAddr::from([10, 0, 0, 1]));
        assert!(is_ours("10.0.0.1", &allowed, here) && !is_ours("10.0.0.2", &allowed, here), "where it came in");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(origin_is("http://127.0.0.1:8787", "127.0.0.1:8787"));
        assert!(origin_is("https://wall.example", "wall.example"));
        assert!(origin_is("https://wall.example", "wall.example:443"));
        assert!(origin_is("http://[::1]:8787", "[::1]:8787"));
        for bad in ["null", "http://127.0.0.1:3000", "http://127.0.0.1", "http://evil.example", "file://", "", "127.0.0.1:8787"] {
            assert!(!origin_is(bad, "127.0.0.1:8787"), "{bad}");
        }
    }

    #[test]
    fn pages_elsewhere_cannot_use_a_cookie() {
        let check = |method: Method, path: &str, pairs: &[(&str, &str)]| {
            let headers: HeaderMap =
                pairs.iter().map(|(n, v)| (n.parse::<HeaderName>().unwrap(), v.parse::<HeaderValue>().unwrap())).collect();
            same_origin(&method, path, &headers, "localhost:8787", true, false).is_ok()
        };
        assert!(check(Method::GET, "/api/v1/wall", &[]));
        assert!(check(Method::GET, "/api/v1/wall", &[("sec-fetch-site", "same-origin")]));
        assert!(!check(Method::GET, "/api/v1/wall", &[("sec-fetch-site", "same-site")]));
        assert!(!check(Method::GET, "/api/v1/wall", &[("sec-fetch-site", "cross-site")]));
        assert!(!check(Method::GET, "/api/v1/wall", &[("origin", "http://localhost:3000")]));
        assert!(check(Method::GET, "/", &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")]));
        assert!(!check(Method::POST, "/api/v1/tickets", &[]));
        assert!(!check(Method::POST, "/", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(!check(Method::POST, "/api/v1/tickets", &[("origin", "null")]));
        assert!(check(Method::POST, "/api/v1/tickets", &[("origin", "http://localhost:8787")]));
    }
}
