//! Answers with an error status: their meaning, and whether a later try can succeed.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use ureq::http::{HeaderMap, StatusCode};

use super::error::ProviderError;
use super::waits::{retry_after, text};
use crate::http::Secret;

/// The part of a service that messages name.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) host: String,
    pub(super) path: String,
    pub(super) model: String,
    pub(super) key: Option<Secret>,
    /// The variable that the key belongs in.
    pub(super) variable: &'static str,
}

/// What a refusal means for the request.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A later try can succeed.
    Passing {
        error: ProviderError,
        /// How long the service asks to wait.
        after: Option<Duration>,
        /// Whether the service limits the rate, so that other requests have to wait, too.
        is_limit: bool,
    },
    /// The request has more texts or tokens than the service accepts.
    TooLarge(ProviderError),
    /// No later try can succeed.
    Final(ProviderError),
}

/// The codes of a 429 that no waiting cures.
const SPENT: [&str; 3] = ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];

/// The longest quotation of a service, in characters.
const LONGEST_MESSAGE: usize = 300;

impl Service {
    /// The meaning of an answer with an error status to a request of `tokens`.
    pub(super) fn refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        tokens: usize,
    ) -> Refusal {
        let said = Said::read(body);
        let message = self.quoted(&said.message);
        let (host, after) = (self.host.clone(), retry_after(headers, SystemTime::now()));
        if status.is_redirection() {
            let to = text(headers, "location").unwrap_or("an unknown address").to_owned();
            return Refusal::Final(ProviderError::Redirect { host, to: self.quoted(&to) });
        }
        let number = status.as_u16();
        if number == 429 && said.codes.iter().any(|code| SPENT.contains(&code.as_str())) {
            return Refusal::Final(ProviderError::QuotaSpent { host, message });
        }
        if number == 429 && exceeds_bucket(&said, headers, tokens) {
            return Refusal::TooLarge(ProviderError::Refused { host, status: number, message });
        }
        if is_passing(number, headers) {
            let error = if number == 429 {
                ProviderError::RateLimited { host, wait: after.unwrap_or_default() }
            } else {
                ProviderError::Failing { host, status: number, message }
            };
            return Refusal::Passing { error, after, is_limit: number == 429 };
        }
        let error = match number {
            // The message repeats parts of the key.
            401 => ProviderError::KeyRefused { host, variable: self.variable, with_key: self.key.is_some() },
            404 => {
                ProviderError::NotFound { host, model: self.model.clone(), path: self.path.clone(), message }
            }
            _ => ProviderError::Refused { host, status: number, message },
        };
        if number == 413 || matches!(number, 400 | 422) && said.is_of_size() {
            Refusal::TooLarge(error)
        } else {
            Refusal::Final(error)
        }
    }

    /// `message` of the service on one short line, without the key.
    pub(super) fn quoted(&self, message: &str) -> String {
        let message = match &self.key {
            Some(key) => message.replace(key.expose(), "…"),
            None => message.to_owned(),
        };
        let words: Vec<&str> = message.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(LONGEST_MESSAGE) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// Whether a later try can succeed, as in OpenAI's client.
fn is_passing(status: u16, headers: &HeaderMap) -> bool {
    match text(headers, "x-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ => matches!(status, 408 | 409 | 425 | 429 | 500 | 502..=504 | 520..=529),
    }
}

/// Whether a request has more tokens than the rate limit ever holds, so that no wait helps.
fn exceeds_bucket(said: &Said, headers: &HeaderMap, tokens: usize) -> bool {
    let limit =
        text(headers, "x-ratelimit-limit-tokens").and_then(|limit| limit.trim().parse::<usize>().ok());
    said.message.starts_with("Request too large") || limit.is_some_and(|limit| tokens > limit)
}

/// What the body of an error says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) message: String,
    /// OpenAI's `code` and `type`.
    codes: Vec<String>,
}

impl Said {
    /// Reads `{"error": {"message", "type", "code"}}` of OpenAI, `{"error": "…"}` of Ollama, `{"detail": "…"}` of
    /// Voyage, and `{"detail": [{"msg"}]}` of FastAPI. Of a text that is neither JSON nor a page, the text is the message.
    pub(super) fn read(body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            let is_page = text.trim_start().starts_with('<');
            return Self {
                message: if is_page { String::new() } else { text.into_owned() },
                codes: Vec::new(),
            };
        };
        let error = &json["error"];
        let candidates =
            [&error["message"], error, &json["detail"], &json["detail"][0]["msg"], &json["message"]];
        let message = candidates.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned();
        let codes = [&error["code"], &error["type"]].into_iter().filter_map(Value::as_str);
        Self { message, codes: codes.map(str::to_owned).collect() }
    }

    /// Whether the request or a text in it is too large: by OpenAI's code, or by the words of a message, which differ from
    /// server to server.
    fn is_of_size(&self) -> bool {
        const WORDS: [&str; 7] =
            ["token", "batch", "too large", "too long", "too many", "maximum", "at most"];
        let message = self.message.to_ascii_lowercase();
        self.codes.iter().any(|code| code == "max_tokens_per_request")
            || WORDS.iter().any(|word| message.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        Service {
            host: "api.example".to_owned(),
            path: "/v1/embeddings".to_owned(),
            model: "m".to_owned(),
            key: Some(Secret::new("sk-secret".to_owned())),
            variable: "OPENAI_API_KEY",
        }
    }

    fn refusal(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a value of a header"));
        }
        service().refusal(StatusCode::from_u16(status).expect("a status"), &map, body.as_bytes(), 100)
    }

    fn message(refusal: &Refusal) -> String {
        match refusal {
            Refusal::Passing { error, .. } | Refusal::TooLarge(error) | Refusal::Final(error) => {
                error.to_string()
            }
        }
    }

    #[test]
    fn limits_and_failures_pass() {
        let limited = refusal(429, &[("retry-after-ms", "250")], r#"{"detail":"slow down"}"#);
        assert!(
            matches!(limited, Refusal::Passing { after: Some(after), is_limit: true, .. } if after.as_millis() == 250)
        );
        for status in [408, 409, 500, 502, 503, 504, 529] {
            assert!(matches!(refusal(status, &[], ""), Refusal::Passing { is_limit: false, .. }), "{status}");
        }
        assert!(matches!(refusal(400, &[("x-should-retry", "true")], ""), Refusal::Passing { .. }));
    }

    #[test]
    fn what_no_later_try_cures_is_final_and_says_why() {
        let spent = r#"{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        for (status, headers, body, expected) in [
            (429, None, spent, "the quota at api.example is spent: You exceeded your quota"),
            (
                401,
                None,
                r#"{"error":{"message":"Incorrect: sk-secret"}}"#,
                "api.example does not accept the key",
            ),
            (
                404,
                None,
                r#"{"error":"no m"}"#,
                "api.example has no model m, or serves nothing at /v1/embeddings: no m",
            ),
            (403, None, "<html>", "api.example refuses the request with status 403"),
            (
                400,
                None,
                r#"{"detail":[{"msg":"sk-secret\n is\u0007 bad"}]}"#,
                "api.example refuses the request with status 400: … is\u{7} bad",
            ),
            (
                503,
                Some(("x-should-retry", "false")),
                "down",
                "api.example refuses the request with status 503: down",
            ),
            (
                307,
                Some(("location", "https://other/")),
                "",
                "api.example redirects to https://other/, where the key is not sent",
            ),
        ] {
            let headers: Vec<_> = headers.into_iter().collect();
            let refusal = refusal(status, &headers, body);
            assert_eq!(message(&refusal), expected);
            assert!(matches!(refusal, Refusal::Final(_)), "{status}");
        }
    }

    #[test]
    fn a_request_that_is_too_large_is_told_from_other_refusals() {
        let openai = r#"{"error":{"message":"Requested 300001 tokens","code":"max_tokens_per_request"}}"#;
        let voyage = r#"{"detail":"The max allowed tokens per submitted batch is 120000."}"#;
        let gemini = r#"{"error":{"message":"at most 100 requests can be in one batch"}}"#;
        for body in [openai, voyage, gemini] {
            assert!(matches!(refusal(400, &[], body), Refusal::TooLarge(_)), "{body}");
        }
        assert!(matches!(refusal(413, &[], ""), Refusal::TooLarge(_)));
        let limited = r#"{"error":{"message":"Request too large for m: Limit 40, Requested 100."}}"#;
        assert!(matches!(refusal(429, &[], limited), Refusal::TooLarge(_)));
        let header = refusal(429, &[("x-ratelimit-limit-tokens", "99")], "");
        assert!(matches!(header, Refusal::TooLarge(_)));
        assert!(matches!(refusal(429, &[("x-ratelimit-limit-tokens", "100")], ""), Refusal::Passing { .. }));
        assert!(matches!(refusal(400, &[], r#"{"detail":"no"}"#), Refusal::Final(_)));
        let long = message(&refusal(400, &[], &"x".repeat(5000)));
        assert!(long.chars().count() < 400, "{long}");
    }
}
