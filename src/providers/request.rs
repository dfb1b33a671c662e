//! Bodies of requests, in the dialects of the services.

use serde::Serialize;

use super::name::Provider;
use crate::embedding::Role;

/// The body of a request for the vectors of texts.
#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    input: &'a [&'a str],
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    /// OpenAI's name of the number of components.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
    /// Voyage's name of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dtype: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncation: Option<bool>,
}

/// The form in which components are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A quarter of the bytes of numbers.
    Base64,
    /// Numbers, for servers that know nothing else.
    Numbers,
}

impl<'a> Request<'a> {
    /// A request to `provider` for vectors of `texts` by `model`, of `dimensions` components if a number is given.
    pub(super) fn new(
        provider: &Provider,
        model: &'a str,
        role: Role,
        texts: &'a [&'a str],
        dimensions: Option<usize>,
        encoding: Encoding,
    ) -> Self {
        let is_voyage = *provider == Provider::Voyage;
        let side = match role {
            Role::Query => "query",
            Role::Document => "document",
        };
        Self {
            input: texts,
            model,
            encoding_format: (encoding == Encoding::Base64).then_some("base64"),
            dimensions: dimensions.filter(|_| !is_voyage),
            output_dimension: dimensions.filter(|_| is_voyage),
            output_dtype: is_voyage.then_some("float"),
            input_type: is_voyage.then_some(side),
            truncation: is_voyage.then_some(true),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers have a form in JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(provider: &Provider, role: Role, dimensions: Option<usize>) -> String {
        let request = Request::new(provider, "m", role, &["a \"b\""], dimensions, Encoding::Base64);
        String::from_utf8(request.to_json()).expect("JSON is UTF-8")
    }

    #[test]
    fn each_service_gets_its_own_fields() {
        let openai = r#"{"input":["a \"b\""],"model":"m","encoding_format":"base64","dimensions":256}"#;
        assert_eq!(body(&Provider::OpenAi, Role::Query, Some(256)), openai);
        let plain = r#"{"input":["a \"b\""],"model":"m","encoding_format":"base64"}"#;
        assert_eq!(body(&Provider::Endpoint("http://host".to_owned()), Role::Document, None), plain);
        let voyage = r#"{"input":["a \"b\""],"model":"m","encoding_format":"base64","output_dimension":512,"output_dtype":"float","input_type":"query","truncation":true}"#;
        assert_eq!(body(&Provider::Voyage, Role::Query, Some(512)), voyage);
        assert!(body(&Provider::Voyage, Role::Document, None).contains(r#""input_type":"document""#));
        let numbers = Request::new(&Provider::OpenAi, "m", Role::Query, &["a"], None, Encoding::Numbers);
        assert_eq!(numbers.to_json(), br#"{"input":["a"],"model":"m"}"#);
    }
}
