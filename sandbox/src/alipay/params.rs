//! Request parameters: the query and the form, taken together.

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::payer::PayerError;

/// Parameters by name, decoded once. The order of names is the order of signing.
pub(crate) type Params = BTreeMap<String, String>;

/// The parameters of a query string or of a form body.
pub(crate) fn read_query(query: &str) -> Params {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// Query and form together; the form wins where both have a name.
pub(super) fn merge(query: &str, form: &[u8]) -> Params {
    let mut params = read_query(query);
    params.extend(form_urlencoded::parse(form).into_owned());
    params
}

/// The parameters that a browser sends when it submits the first form of this document: those of
/// the action's query, and the hidden inputs.
pub(crate) fn read_form(html: &str) -> Result<Params, PayerError> {
    let unreadable = |why: &str| PayerError::Unreadable(why.to_owned());
    let start = html.find("<form").ok_or_else(|| unreadable("no form"))?;
    let form = html.get(start..).unwrap_or_default();
    let form = form.split("</form").next().unwrap_or_default();
    let action =
        attribute(tag(form), "action").ok_or_else(|| unreadable("a form without action"))?;
    let (path, query) = action.split_once('?').unwrap_or((&action, ""));
    if !path.ends_with("/gateway.do") {
        return Err(unreadable("the form does not go to /gateway.do"));
    }
    let mut params = read_query(query);
    for input in form.split("<input").skip(1) {
        let input = tag(input);
        if let (Some(name), Some(value)) = (attribute(input, "name"), attribute(input, "value")) {
            params.insert(name, value);
        }
    }
    Ok(params)
}

/// The text up to the end of the tag that begins here; `>` inside quotes does not end it.
fn tag(text: &str) -> &str {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return text.get(..at).unwrap_or_default(),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    text
}

/// The value of an attribute, unescaped.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let before = rest.get(..at)?.chars().last();
        rest = rest.get(at + name.len()..)?;
        let value = rest.trim_start().strip_prefix('=').map(str::trim_start);
        let (Some(value), true) = (value, before.is_none_or(char::is_whitespace)) else {
            continue;
        };
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        return value.get(1..)?.split(quote).next().map(unescape);
    }
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#x22;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&#60;", "<")
        .replace("&gt;", ">")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gives_what_a_browser_would_send() {
        let html = r#"<html><form name="punchout_form" method="post"
            action="http://127.0.0.1:1/gateway.do?charset=utf-8&amp;method=alipay.trade.page.pay&amp;sign=a%2Bb%3D">
            <input type="hidden" name="biz_content" value="{&quot;subject&quot;:&quot;a > b &amp; c&quot;}">
            <input type="submit" value="立即支付" style="display:none" ></form>
            <script>document.forms[0].submit();</script></html>"#;
        let params = read_form(html).unwrap();
        assert_eq!(params.get("sign").unwrap(), "a+b=");
        assert_eq!(
            params.get("biz_content").unwrap(),
            r#"{"subject":"a > b & c"}"#
        );
        assert_eq!(params.len(), 4);
    }

    #[test]
    fn a_form_for_somebody_else_is_not_an_artefact() {
        assert!(read_form(r#"<form action="https://example.com/login"></form>"#).is_err());
    }
}
