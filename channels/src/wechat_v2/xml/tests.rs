//! The bodies of the vectors, and everything that XML can do to a careless reader.

use super::*;
use crate::wechat_v2::fixture;
use proptest::prelude::*;

mod hostile;

fn told(text: &str) -> Result<Fields, XmlFault> {
    read(text.as_bytes(), "xml")
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in pairs {
        fields.set(name, *value);
    }
    fields
}

pub(in crate::wechat_v2) fn vectors() {
    every_body_of_the_vectors_is_read_in_both_spellings();
    the_vectors_attacks_are_refused_for_what_they_are();
}

#[test]
fn every_body_of_the_vectors_is_read_in_both_spellings() {
    let vectors = fixture::read("12_v2_xml_bodies.json");
    let mut count = 0;
    for case in vectors["bodies"].as_array().unwrap() {
        if case.get("expect").is_some() || case.get("fields").is_none() {
            continue;
        }
        let expected = fixture::fields(&case["fields"]);
        for spelling in ["xml_cdata", "xml_plain"] {
            if let Some(text) = case[spelling].as_str() {
                assert_eq!(
                    told(text).as_ref(),
                    Ok(&expected),
                    "{} {spelling}",
                    case["name"]
                );
                count += 1;
            }
        }
    }
    assert_eq!(count, 46);
}

#[test]
fn the_vectors_attacks_are_refused_for_what_they_are() {
    let body = |name| fixture::body(name, "xml_cdata");
    let doctype = Err(XmlFault::Forbidden("a document type"));
    assert_eq!(told(&body("NEG_notify_xxe")), doctype);
    assert_eq!(told(&body("NEG_notify_billion_laughs")), doctype);
    assert_eq!(
        told(&body("NEG_notify_duplicate_element")),
        Err(XmlFault::Twice)
    );
}

#[test]
fn what_a_flat_message_may_look_like_is_read() {
    let abc = fields(&[("a", "1"), ("b", "")]);
    for text in [
        "<xml><a>1</a><b></b></xml>",
        "<xml><a>1</a><b/></xml>",
        "<xml><b></b><a>1</a></xml>",
        "<xml>\n <a><![CDATA[1]]></a>\r\n\t<b><![CDATA[]]></b>\n</xml>\n",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml ><a >1</a ><b/></xml>",
    ] {
        assert_eq!(told(text).as_ref(), Ok(&abc), "{text}");
    }
    let escaped = told("<xml><a> &lt;&amp;&gt;&quot;&apos; 元 </a></xml>");
    assert_eq!(escaped, Ok(fields(&[("a", " <&>\"' 元 ")])));
    let raw = told("<xml><a><![CDATA[&lt;<b>&x;]] >]]></a></xml>");
    assert_eq!(raw, Ok(fields(&[("a", "&lt;<b>&x;]] >")])));
    let plain = read(b"<root><a>1</a></root>", "root");
    assert_eq!(plain, Ok(fields(&[("a", "1")])));
}

/// A parser after the book reads a bare one as a line feed, and then the signature is
/// of another text.
#[test]
fn a_carriage_return_is_written_so_that_no_parser_changes_it() {
    let written = write(&fields(&[("a", "1\r\n2")]));
    assert_eq!(written, "<xml><a>1&#13;\n2</a></xml>");
    assert_eq!(
        told(&written),
        Err(XmlFault::Forbidden("an entity other than the five"))
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        pairs in proptest::collection::btree_map("[a-z_0-9]{1,12}", "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{0,40}", 0..20)
    ) {
        let mut message = Fields::default();
        for (name, value) in &pairs {
            message.set(&format!("f{name}"), value.as_str());
        }
        prop_assert_eq!(told(&write(&message)), Ok(message));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[<>/!\\[\\]CDATA&;a-c \\-?]{0,80}") {
        let _ = read(&bytes, "xml");
        let _ = told(&format!("<xml>{text}</xml>"));
    }
}
