//! The XML of APIv2: one element with flat, different children. Whatever XML can do
//! beyond that is refused before it is understood: document types, processing
//! instructions, comments, attributes, namespaces, entities but the five, nested or
//! repeated elements, and values made of more than one piece. Nothing is ever
//! fetched, expanded or guessed.

use super::wire::Fields;
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesDecl, BytesStart, Event};

/// The longest message that is read, in bytes; WeChat's have a few thousand.
pub(super) const LONGEST: usize = 64 * 1024;

/// The most fields of a message: an answer about twenty refunds with coupons has
/// some hundreds.
const MOST_FIELDS: usize = 1000;

/// The longest name of a field, in bytes.
const LONGEST_NAME: usize = 64;

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlFault {
    /// Longer than [`LONGEST`].
    #[error("the XML is longer than {LONGEST} bytes")]
    TooLong,
    /// Not UTF-8, or says that it is not.
    #[error("the XML is not UTF-8")]
    NotUtf8,
    /// Something that XML can do and a message must not.
    #[error("the XML holds {0}")]
    Forbidden(&'static str),
    /// A root of another name.
    #[error("the XML's root is not <{0}>")]
    Root(&'static str),
    /// Two fields of one name.
    #[error("the XML holds a field twice")]
    Twice,
    /// No well-formed XML.
    #[error("this is no well-formed XML, at byte {0}")]
    Malformed(u64),
}

/// Reads a message whose root is `root`.
///
/// # Errors
/// [`XmlFault`] says what it holds that a message must not. Nothing of its content
/// is in it.
pub(super) fn read(bytes: &[u8], root: &'static str) -> Result<Fields, XmlFault> {
    if bytes.len() > LONGEST {
        return Err(XmlFault::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlFault::NotUtf8)?;
    if !text.bytes().all(is_character) {
        return Err(XmlFault::Forbidden("a control character"));
    }
    let mut reader = Reader::from_str(text);
    let mut reading = Reading::new(root);
    loop {
        let event = reader
            .read_event()
            .map_err(|_| XmlFault::Malformed(reader.error_position()))?;
        if matches!(event, Event::Eof) {
            return reading.end(reader.buffer_position());
        }
        reading.take(event)?;
    }
}

/// Writes a message, each value as text: `]]>` cannot end what never began. A carriage
/// return is written as `&#13;`, lest a parser make a line feed of it; [`read`] refuses
/// that, and Till sends none (`convert::plain`).
pub(super) fn write(fields: &Fields) -> String {
    let mut text = String::from("<xml>");
    for (name, value) in fields.iter() {
        for piece in ["<", name, ">", &escape(value), "</", name, ">"] {
            text.push_str(piece);
        }
    }
    text.push_str("</xml>");
    text
}

/// Whether a character that is written with this byte is one in XML 1.0.
fn is_character(byte: u8) -> bool {
    byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r')
}

/// How far the message has been read.
struct Reading {
    root: &'static str,
    place: Place,
    fields: Fields,
    name: String,
    value: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before everything, where alone a declaration may stand.
    Start,
    /// After the declaration, before the root.
    Prolog,
    /// Among the fields.
    Root,
    /// In a field.
    Field,
    /// After the root.
    End,
}

/// The value of the present field.
enum Value {
    /// Text and the five entities, so far.
    Text(String),
    /// One CDATA section, whole.
    Data(String),
}

impl Default for Value {
    fn default() -> Value {
        Value::Text(String::new())
    }
}

impl Reading {
    fn new(root: &'static str) -> Reading {
        Reading {
            root,
            place: Place::Start,
            fields: Fields::default(),
            name: String::new(),
            value: Value::default(),
        }
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), XmlFault> {
        match event {
            Event::Decl(declaration) => self.declaration(&declaration),
            Event::Start(start) => self.start(&start),
            Event::Empty(start) => self.start(&start).and_then(|()| self.close()),
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(&text),
            Event::CData(data) => self.data(&data),
            Event::GeneralRef(name) => match resolve_predefined_entity(&name) {
                Some(character) => self.text(character),
                None => Err(XmlFault::Forbidden("an entity other than the five")),
            },
            Event::DocType(_) => Err(XmlFault::Forbidden("a document type")),
            Event::PI(_) => Err(XmlFault::Forbidden("a processing instruction")),
            Event::Comment(_) => Err(XmlFault::Forbidden("a comment")),
            Event::Eof => Ok(()),
        }
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), XmlFault> {
        if self.place != Place::Start {
            return Err(XmlFault::Forbidden(
                "a declaration that is not at its beginning",
            ));
        }
        self.place = Place::Prolog;
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(_) => Err(XmlFault::NotUtf8),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), XmlFault> {
        if !start.attributes_raw().trim().is_empty() {
            return Err(XmlFault::Forbidden("an attribute"));
        }
        let name = start.name();
        let name = name.as_ref();
        self.place = match self.place {
            Place::Start | Place::Prolog if name == self.root => Place::Root,
            Place::Start | Place::Prolog => return Err(XmlFault::Root(self.root)),
            Place::Root => {
                check_name(name)?;
                name.clone_into(&mut self.name);
                Place::Field
            }
            Place::Field => return Err(XmlFault::Forbidden("an element within a field")),
            Place::End => return Err(XmlFault::Forbidden("a second root")),
        };
        Ok(())
    }

    /// Ends what is open; the reader has compared the names.
    fn close(&mut self) -> Result<(), XmlFault> {
        if self.place != Place::Field {
            self.place = Place::End;
            return Ok(());
        }
        self.place = Place::Root;
        let (Value::Text(value) | Value::Data(value)) = std::mem::take(&mut self.value);
        if !self.fields.add(&self.name, value) {
            return Err(XmlFault::Twice);
        }
        if self.fields.len() > MOST_FIELDS {
            return Err(XmlFault::Forbidden("too many fields"));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlFault> {
        let blank = text.chars().all(|c| c.is_ascii_whitespace());
        match (self.place, &mut self.value) {
            (Place::Field, Value::Text(value)) => value.push_str(text),
            (Place::Field, Value::Data(_)) => {
                return Err(XmlFault::Forbidden("a value of more than one piece"));
            }
            _ if blank => {}
            _ => return Err(XmlFault::Forbidden("text outside of its fields")),
        }
        Ok(())
    }

    fn data(&mut self, data: &str) -> Result<(), XmlFault> {
        match (self.place, &self.value) {
            (Place::Field, Value::Text(before)) if before.is_empty() => {
                self.value = Value::Data(data.to_owned());
                Ok(())
            }
            (Place::Field, _) => Err(XmlFault::Forbidden("a value of more than one piece")),
            _ => Err(XmlFault::Forbidden("text outside of its fields")),
        }
    }

    fn end(self, position: u64) -> Result<Fields, XmlFault> {
        match self.place {
            Place::End => Ok(self.fields),
            _ => Err(XmlFault::Malformed(position)),
        }
    }
}

/// Letters, digits and `_`, as WeChat names its fields.
fn check_name(name: &str) -> Result<(), XmlFault> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && name.len() <= LONGEST_NAME {
        Ok(())
    } else {
        Err(XmlFault::Forbidden("a name that no field has"))
    }
}

#[cfg(test)]
pub(super) mod tests;
