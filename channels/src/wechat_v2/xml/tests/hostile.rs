//! Everything that XML can do to a careless reader, each with the reason for which it
//! is refused, and how long that takes.

use super::*;
use std::time::Duration;
use tokio::time::Instant;

const DOCTYPE: XmlFault = XmlFault::Forbidden("a document type");
const ENTITY: XmlFault = XmlFault::Forbidden("an entity other than the five");
const INSTRUCTION: XmlFault = XmlFault::Forbidden("a processing instruction");
const LATE: XmlFault = XmlFault::Forbidden("a declaration that is not at its beginning");
const COMMENT: XmlFault = XmlFault::Forbidden("a comment");
const ATTRIBUTE: XmlFault = XmlFault::Forbidden("an attribute");
const NESTED: XmlFault = XmlFault::Forbidden("an element within a field");
const SECOND_ROOT: XmlFault = XmlFault::Forbidden("a second root");
const PIECES: XmlFault = XmlFault::Forbidden("a value of more than one piece");
const OUTSIDE: XmlFault = XmlFault::Forbidden("text outside of its fields");
const NAME: XmlFault = XmlFault::Forbidden("a name that no field has");
const CONTROL: XmlFault = XmlFault::Forbidden("a control character");
const ROOT: XmlFault = XmlFault::Root("xml");

/// Small ones: a way of XML each.
const SMALL: [(&str, XmlFault); 42] = [
    ("<!DOCTYPE xml><xml><a>1</a></xml>", DOCTYPE),
    ("<!doctype xml><xml><a>1</a></xml>", DOCTYPE),
    ("<xml><!DOCTYPE xml><a>1</a></xml>", DOCTYPE),
    ("<xml><a><!DOCTYPE xml>1</a></xml>", DOCTYPE),
    (
        "<xml><a>1</a></xml><!DOCTYPE xml SYSTEM 'file:///etc/passwd'>",
        DOCTYPE,
    ),
    (
        "<!DOCTYPE x [<!ENTITY b '00'>]><xml><a>1&b;</a></xml>",
        DOCTYPE,
    ),
    (
        "<!DOCTYPE x [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><xml><a>&b;</a></xml>",
        DOCTYPE,
    ),
    (
        "<!DOCTYPE x PUBLIC '-//x' 'http://127.0.0.1:9/x.dtd'><xml><a>1</a></xml>",
        DOCTYPE,
    ),
    (
        "<!DOCTYPE x [<!ENTITY % b SYSTEM 'http://127.0.0.1:9/'> %b;]><xml><a>1</a></xml>",
        DOCTYPE,
    ),
    ("<xml><a>&xxe;</a></xml>", ENTITY),
    ("<xml>&xxe;<a>1</a></xml>", ENTITY),
    ("<xml><a>&#49;</a></xml>", ENTITY),
    ("<xml><a>&#x31;</a></xml>", ENTITY),
    ("<?php x?><xml><a>1</a></xml>", INSTRUCTION),
    (
        "<xml><?xml-stylesheet href='http://127.0.0.1:9/'?><a>1</a></xml>",
        INSTRUCTION,
    ),
    ("<xml><a>1<?x?></a></xml>", INSTRUCTION),
    ("<xml><?xml version='1.0'?><a>1</a></xml>", LATE),
    (
        "<?xml version='1.0'?><?xml version='1.0'?><xml><a>1</a></xml>",
        LATE,
    ),
    (
        "<?xml version='1.0' encoding='UTF-16'?><xml><a>1</a></xml>",
        XmlFault::NotUtf8,
    ),
    ("<xml><a>1<!-- 00 --></a></xml>", COMMENT),
    ("<!-- --><xml><a>1</a></xml>", COMMENT),
    ("<xml a='1'><a>1</a></xml>", ATTRIBUTE),
    ("<xml><a b>1</a></xml>", ATTRIBUTE),
    ("<xml xmlns='http://example.com'><a>1</a></xml>", ATTRIBUTE),
    ("<xml><a xmlns:x='x'>1</a></xml>", ATTRIBUTE),
    ("<x:xml><a>1</a></x:xml>", ROOT),
    ("<xml><x:a>1</x:a></xml>", NAME),
    ("<xml><a.b>1</a.b></xml>", NAME),
    ("<xml><a<![CDATA[b]]>>1</a></xml>", NAME),
    ("<xml><a><b>1</b></a></xml>", NESTED),
    ("<xml><xml><a>1</a></xml></xml>", NESTED),
    ("<xml><a>1</a><b>2</b><a>1</a></xml>", XmlFault::Twice),
    ("<xml><a/><a>1</a></xml>", XmlFault::Twice),
    ("<xml><a><![CDATA[1]]><![CDATA[00]]></a></xml>", PIECES),
    ("<xml><a>1<![CDATA[00]]></a></xml>", PIECES),
    ("<xml><a> <![CDATA[1]]></a></xml>", PIECES),
    ("<xml><a><![CDATA[1]]>&amp;</a></xml>", PIECES),
    ("<xml><![CDATA[<a>1</a>]]></xml>", OUTSIDE),
    ("<xml>1<a>1</a></xml>", OUTSIDE),
    ("<xml><a>1</a></xml>1", OUTSIDE),
    ("<xml><a>1</a></xml><xml><a>2</a></xml>", SECOND_ROOT),
    ("<xml><a>1\u{0}</a></xml>", CONTROL),
];

/// What no parser of XML should take; where it breaks off is the reader's affair.
const MALFORMED: [&str; 12] = [
    "<xml><a>1 & 2</a></xml>",
    "<xml><a><![CDATA[1]]</a></xml>",
    "<xml><a><![CDATA[1</a></xml>",
    "<xml><a>1]]></b></xml>",
    "<xml><a>1</b></xml>",
    "<xml><a>1</xml></a>",
    "<xml><a>1</a>",
    "<xml><a>1",
    "</xml>",
    "<xml><a>1</a></xml",
    "<",
    "",
];

/// Large ones: named for what is in them.
fn large() -> Vec<(&'static str, String, XmlFault)> {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
    let some: String = (0..5_000).map(|n| format!(" a{n}='1'")).collect();
    let laughs = "<!ENTITY b \"&a;&a;&a;\">".repeat(2_000);
    let fields: String = (0..4_000).map(|n| format!("<a{n}>1</a{n}>")).collect();
    let doubled = "<a>1</a>".repeat(7_000);
    let entities = "&b;".repeat(20_000);
    let name = "n".repeat(30_000);
    let text = "1".repeat(10_000_000);
    vec![
        (
            "10^5 attributes",
            format!("<xml><a{attributes}>1</a></xml>"),
            XmlFault::TooLong,
        ),
        (
            "5,000 attributes",
            format!("<xml><a{some}>1</a></xml>"),
            ATTRIBUTE,
        ),
        (
            "5,000 attributes of the root",
            format!("<xml{some}><a>1</a></xml>"),
            ATTRIBUTE,
        ),
        (
            "10^5 elements, nested",
            format!("<xml>{}", "<a>".repeat(100_000)),
            XmlFault::TooLong,
        ),
        (
            "20,000 elements, nested",
            format!("<xml>{}", "<a>".repeat(20_000)),
            NESTED,
        ),
        (
            "4,000 fields",
            format!("<xml>{fields}</xml>"),
            XmlFault::Forbidden("too many fields"),
        ),
        (
            "7,000 fields of one name",
            format!("<xml>{doubled}</xml>"),
            XmlFault::Twice,
        ),
        (
            "2,000 entities, declared",
            format!("<!DOCTYPE x [{laughs}]><xml><a>&b;</a></xml>"),
            DOCTYPE,
        ),
        (
            "20,000 entities, used",
            format!("<xml><a>{entities}</a></xml>"),
            ENTITY,
        ),
        (
            "a document type without end",
            format!("<!DOCTYPE x [{}", "<![".repeat(20_000)),
            XmlFault::Malformed(0),
        ),
        (
            "a name of 30,000 letters",
            format!("<xml><{name}>1</{name}"),
            NAME,
        ),
        (
            "a name of 65 letters",
            format!("<xml><{n}>1</{n}></xml>", n = "n".repeat(65)),
            NAME,
        ),
        (
            "a text of 10 MB",
            format!("<xml><a>{text}</a></xml>"),
            XmlFault::TooLong,
        ),
        (
            "13,000 ends of CDATA",
            format!("<xml><a><![CDATA[{}", "]]>]]".repeat(13_000)),
            PIECES,
        ),
        (
            "a CDATA section without end",
            format!("<xml><a><![CDATA[{}", "]]".repeat(30_000)),
            XmlFault::Malformed(8),
        ),
        (
            "a comment without end",
            format!("<xml><!--{}", "-".repeat(60_000)),
            XmlFault::Malformed(5),
        ),
        (
            "60,000 openings",
            format!("<xml>{}", "<".repeat(60_000)),
            XmlFault::Malformed(5),
        ),
        (
            "60,000 references without end",
            format!("<xml><a>{}", "&".repeat(60_000)),
            XmlFault::Malformed(8),
        ),
    ]
}

#[test]
fn everything_else_that_xml_can_do_is_refused_for_what_it_is() {
    for (text, fault) in SMALL {
        assert_eq!(told(text), Err(fault), "{text}");
    }
    for (what, text, fault) in large() {
        assert_eq!(told(&text), Err(fault), "{what}");
    }
    for text in MALFORMED {
        assert!(matches!(told(text), Err(XmlFault::Malformed(_))), "{text}");
    }
    for (bytes, fault) in [
        (&b"<xml><a>\xff</a></xml>"[..], XmlFault::NotUtf8),
        (b"\xff\xfe<\0x\0m\0l\0/\0>\0", XmlFault::NotUtf8),
        (b"{\"a\":1}", OUTSIDE),
        (b"<html><head><title>400</title></head><body>", ROOT),
        (b"<XML><a>1</a></XML>", ROOT),
        (&vec![b' '; LONGEST + 1], XmlFault::TooLong),
    ] {
        assert_eq!(read(bytes, "xml"), Err(fault));
    }
}

/// The best of ten each; docs/fuzzing.md has them.
#[test]
#[ignore = "prints times and proves nothing: cargo nextest run -p channels --run-ignored only --no-capture how_long"]
fn how_long_each_refusal_takes() {
    let small = SMALL.into_iter().map(|(text, _)| (text, text.to_owned()));
    let large = large().into_iter().map(|(what, text, _)| (what, text));
    for (what, text) in small.chain(large) {
        let mut fastest = Duration::MAX;
        for _ in 0..10 {
            let began = Instant::now();
            assert!(told(&text).is_err());
            fastest = fastest.min(began.elapsed());
        }
        let what = what.escape_debug();
        println!("{fastest:>12.1?}  {:>9} bytes  {what}", text.len());
    }
}
