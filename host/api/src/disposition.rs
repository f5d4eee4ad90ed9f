//! `Content-Disposition` (RFC 6266, RFC 5987): a name that came from a guest cannot end its header.

use axum::http::HeaderValue;

/// Offers a download as `name`.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' };
    let fallback: String = name.chars().map(plain).collect();
    let value = format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", encoded(name));
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// `name` with everything but RFC 5987's plainest characters percent-encoded.
fn encoded(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_header() {
        for (name, value) in [
            ("field.csv", "attachment; filename=\"field.csv\"; filename*=UTF-8''field.csv"),
            ("größe 1.txt", "attachment; filename=\"gr__e 1.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%201.txt"),
            (
                "a\"\r\nSet-Cookie: x",
                "attachment; filename=\"a___Set-Cookie_ x\"; filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20x",
            ),
        ] {
            assert_eq!(attachment(name).to_str().unwrap(), value);
        }
    }
}
