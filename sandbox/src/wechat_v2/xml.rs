//! Reads and writes v2's flat XML: one root element whose children are names and values.
//!
//! Whatever two parsers might read differently is refused: document types and entities of one's
//! own, attributes, nested or doubled elements, text beside CDATA, comments, processing
//! instructions, anything after the root. Nothing is ever fetched or resolved.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Names and values of a message; an element without content is there with an empty value.
pub type Fields = BTreeMap<String, String>;

/// The largest message, in bytes.
const LIMIT: usize = 64 * 1024;

/// Why a body is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than 64 KiB.
    #[error("a message has at most 64 KiB")]
    TooLong,
    /// Other bytes than UTF-8, or another encoding is declared.
    #[error("a message is UTF-8")]
    Encoding,
    /// Not well-formed.
    #[error("this is not well-formed XML")]
    Malformed,
    /// A document type.
    #[error("a document type is never read")]
    DocType,
    /// A reference to anything but a character or one of XML's five entities.
    #[error("an entity is never resolved")]
    Entity,
    /// Attributes, comments or processing instructions.
    #[error("attributes, comments and processing instructions have no place here")]
    Decoration,
    /// The root is not the one that belongs here.
    #[error("the root element is not the right one")]
    Root,
    /// An element within an element of the root.
    #[error("elements are not nested")]
    Nested,
    /// The same name twice.
    #[error("an element is there twice")]
    Doubled,
    /// Text outside of elements, or beside CDATA.
    #[error("there is text where none belongs")]
    Text,
}

/// Reads a message whose root element is `root`.
///
/// # Errors
/// [`Unreadable`].
pub fn read(root: &str, body: &[u8]) -> Result<Fields, Unreadable> {
    if body.len() > LIMIT {
        return Err(Unreadable::TooLong);
    }
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::Encoding)?;
    let mut reader = Reader::from_str(text);
    let mut place = Place::Before;
    let mut fields = Fields::new();
    loop {
        let event = reader.read_event().map_err(|_| Unreadable::Malformed)?;
        if matches!(event, Event::Eof) {
            break;
        }
        place = place.after(root, event, &mut fields)?;
    }
    match place {
        Place::Behind => Ok(fields),
        _ => Err(Unreadable::Malformed),
    }
}

/// How far the reading has come.
enum Place {
    /// Before the root element.
    Before,
    /// Between the root's elements.
    Inside,
    /// In the element `name`.
    Element { name: String, value: Value },
    /// After the root element.
    Behind,
}

/// The content of an element, in one of the two forms.
#[derive(Default)]
struct Value {
    text: String,
    data: String,
    has_data: bool,
}

impl Value {
    fn finish(self) -> Result<String, Unreadable> {
        match (self.has_data, self.text.is_empty()) {
            (false, _) => Ok(self.text),
            (true, true) => Ok(self.data),
            (true, false) => Err(Unreadable::Text),
        }
    }
}

impl Place {
    fn after(self, root: &str, event: Event<'_>, fields: &mut Fields) -> Result<Self, Unreadable> {
        match (self, event) {
            (_, Event::DocType(_)) => Err(Unreadable::DocType),
            (Self::Before, Event::Decl(declared)) => match declared.encoding() {
                None => Ok(Self::Before),
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(Self::Before),
                Some(_) => Err(Unreadable::Encoding),
            },
            (_, Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => Err(Unreadable::Decoration),
            (Self::Before, Event::Start(start)) => rooted(root, &start, Self::Inside),
            (Self::Before, Event::Empty(start)) => rooted(root, &start, Self::Behind),
            (Self::Inside, Event::Start(start)) => Ok(Self::Element {
                name: new_name(&start, fields)?,
                value: Value::default(),
            }),
            (Self::Inside, Event::Empty(start)) => {
                fields.insert(new_name(&start, fields)?, String::new());
                Ok(Self::Inside)
            }
            (Self::Inside, Event::End(_)) => Ok(Self::Behind),
            (Self::Element { name, value }, Event::End(_)) => {
                fields.insert(name, value.finish()?);
                Ok(Self::Inside)
            }
            (Self::Element { name, mut value }, event) => {
                take(&mut value, event)?;
                Ok(Self::Element { name, value })
            }
            (place, Event::Text(text)) if text.trim().is_empty() => Ok(place),
            (_, Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => Err(Unreadable::Text),
            _ => Err(Unreadable::Malformed),
        }
    }
}

/// Adds a piece to the value of an element.
fn take(value: &mut Value, event: Event<'_>) -> Result<(), Unreadable> {
    match event {
        Event::Text(text) => value.text.push_str(&text.xml10_content()),
        Event::GeneralRef(reference) => value.text.push(character(&reference)?),
        Event::CData(data) => {
            value.has_data = true;
            value.data.push_str(&data.xml10_content());
        }
        Event::Start(_) | Event::Empty(_) => return Err(Unreadable::Nested),
        _ => return Err(Unreadable::Malformed),
    }
    Ok(())
}

fn character(reference: &BytesRef<'_>) -> Result<char, Unreadable> {
    let resolved = reference
        .resolve_char_ref()
        .map_err(|_| Unreadable::Entity)?;
    match (resolved, &**reference) {
        (Some(character), _) => Ok(character),
        (None, "lt") => Ok('<'),
        (None, "gt") => Ok('>'),
        (None, "amp") => Ok('&'),
        (None, "quot") => Ok('"'),
        (None, "apos") => Ok('\''),
        (None, _) => Err(Unreadable::Entity),
    }
}

fn rooted(root: &str, start: &BytesStart<'_>, place: Place) -> Result<Place, Unreadable> {
    if plain_name(start)? == root {
        return Ok(place);
    }
    Err(Unreadable::Root)
}

fn new_name(start: &BytesStart<'_>, fields: &Fields) -> Result<String, Unreadable> {
    let name = plain_name(start)?;
    if fields.contains_key(&name) {
        return Err(Unreadable::Doubled);
    }
    Ok(name)
}

fn plain_name(start: &BytesStart<'_>) -> Result<String, Unreadable> {
    if !start.attributes_raw().trim().is_empty() {
        return Err(Unreadable::Decoration);
    }
    let name = start.name().0.to_owned();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(Unreadable::Malformed);
    }
    Ok(name)
}

/// Writes a message under `<xml>` as the channel does: digits plainly, text in CDATA.
pub fn write(fields: &Fields) -> String {
    let elements = fields.iter().map(|(name, value)| {
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("<{name}>{value}</{name}>")
        } else {
            format!("<{name}>{}</{name}>", data(value))
        }
    });
    format!("<xml>{}</xml>", elements.collect::<String>())
}

/// Writes the text that a refund notice hides: under `<root>`, one element a line.
pub fn write_root(fields: &Fields) -> String {
    let elements = fields
        .iter()
        .map(|(name, value)| format!("<{name}>{}</{name}>\n", data(value)));
    format!("<root>\n{}</root>", elements.collect::<String>())
}

fn data(value: &str) -> String {
    format!("<![CDATA[{}]]>", value.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str, why: Unreadable) {
        assert_eq!(read("xml", body.as_bytes()), Err(why), "{body:.200}");
    }

    #[test]
    fn plain_text_and_cdata_are_the_same_value() {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n<a>1 &lt;&#x4e2d;&amp;2</a>\
                    <b><![CDATA[1 <中&2]]></b><c/><d></d><e>  </e>\n</xml>\n";
        let fields = read("xml", body.as_bytes()).unwrap();
        assert_eq!((&*fields["a"], &*fields["b"]), ("1 <中&2", "1 <中&2"));
        assert_eq!(
            (&*fields["c"], &*fields["d"], &*fields["e"]),
            ("", "", "  ")
        );
    }

    #[test]
    fn what_was_written_is_read_again_whatever_it_holds() {
        let fields = Fields::from([
            ("body".to_owned(), "a]]>b <&> \"茶\"".to_owned()),
            ("total_fee".to_owned(), "100".to_owned()),
            ("device_info".to_owned(), String::new()),
        ]);
        assert_eq!(read("xml", write(&fields).as_bytes()).unwrap(), fields);
        assert_eq!(
            read("root", write_root(&fields).as_bytes()).unwrap(),
            fields
        );
    }

    #[test]
    fn whatever_two_parsers_may_read_differently_is_refused() {
        refused("<!DOCTYPE x><xml></xml>", Unreadable::DocType);
        refused("<xml><!DOCTYPE x></xml>", Unreadable::DocType);
        for declared in [
            "ENTITY b '00'",
            "ENTITY b SYSTEM 'file:///etc/passwd'",
            "ENTITY % b SYSTEM 'http://127.0.0.1:9/'> %b; <!ENTITY c '00'",
        ] {
            let body = format!("<!DOCTYPE x [<!{declared}>]><xml><a>&b;</a></xml>");
            refused(&body, Unreadable::DocType);
        }
        refused("<xml><a>&b;</a></xml>", Unreadable::Entity);
        refused("<xml><a>&#0;</a></xml>", Unreadable::Entity);
        refused("<xml><a>1</a><a>2</a></xml>", Unreadable::Doubled);
        refused("<xml><a>1</a><a/></xml>", Unreadable::Doubled);
        refused("<xml><a><b>1</b></a></xml>", Unreadable::Nested);
        refused("<xml><a>1<b/></a></xml>", Unreadable::Nested);
        refused("<xml><a>1<![CDATA[0]]></a></xml>", Unreadable::Text);
        refused("<xml><a>1<!-- -->0</a></xml>", Unreadable::Decoration);
        refused("<xml><a><?pi?>1</a></xml>", Unreadable::Decoration);
        refused("<xml><!-- a --><a>1</a></xml>", Unreadable::Decoration);
        refused("<xml><a b=\"1\">1</a></xml>", Unreadable::Decoration);
        refused("<xml xmlns='x'><a>1</a></xml>", Unreadable::Decoration);
        refused("<xml><x:a>1</x:a></xml>", Unreadable::Malformed);
        refused("<xml><a<![CDATA[b]]>>1</a></xml>", Unreadable::Malformed);
        refused("<xml><a><![CDATA[1]]>0</a></xml>", Unreadable::Text);
        refused("<xml><![CDATA[<a>1</a>]]></xml>", Unreadable::Text);
        refused("<xml>text<a>1</a></xml>", Unreadable::Text);
        refused("<xml><a>1</a></xml><xml></xml>", Unreadable::Malformed);
        refused("<xml><a>1</a></xml>more", Unreadable::Text);
        refused("<root><a>1</a></root>", Unreadable::Root);
        refused("<xml><a>1</xml>", Unreadable::Malformed);
        refused("<xml><a>1</a>", Unreadable::Malformed);
        refused("", Unreadable::Malformed);
        refused(
            "<?xml version=\"1.0\" encoding=\"gbk\"?><xml/>",
            Unreadable::Encoding,
        );
        assert_eq!(
            read("xml", b"<xml><a>\xff</a></xml>"),
            Err(Unreadable::Encoding)
        );
    }

    #[test]
    fn a_heap_of_attributes_elements_or_text_is_refused_before_it_costs_anything() {
        let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
        refused(&format!("<xml{attributes}></xml>"), Unreadable::TooLong);
        let attributes: String = (0..5_000).map(|n| format!(" a{n}=\"\"")).collect();
        refused(&format!("<xml{attributes}></xml>"), Unreadable::Decoration);
        refused(
            &format!("<xml>{}", "<a>".repeat(10_000)),
            Unreadable::Nested,
        );
        refused(
            &format!("<xml>{}", "<a>".repeat(100_000)),
            Unreadable::TooLong,
        );
        refused(
            &format!("<xml><a>{}</a></xml>", "x".repeat(LIMIT)),
            Unreadable::TooLong,
        );
    }
}
