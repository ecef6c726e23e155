//! The one guard over the XML reader, for GPX and KML: elements are pulled one by one, and what goes beyond a bound ends the
//! reading. Document types and their entities are refused; nothing that a file names is ever fetched.

use super::Refused;
use super::feed::Feed;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::io::Read;

/// Deepest nesting of elements.
pub const DEPTH_MAX: usize = 64;
/// Most attributes of one element.
pub const ATTRIBUTES_MAX: usize = 100;
/// Longest name of an element or attribute.
pub const NAME_MAX_BYTES: usize = 256;

/// An element that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// Its attributes: name as written, value.
    pub attributes: Vec<(String, String)>,
    /// The line it stands in.
    pub line: u64,
}

impl Element {
    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What stands next inside an element.
enum Step {
    Open(Element),
    Close,
    Text(String),
    End,
}

/// An XML file. An element that [`Xml::child`] gave is left by walking its children to the end, by [`Xml::text`] or by
/// [`Xml::skip`].
pub struct Xml<'s> {
    reader: Reader<Feed<'s>>,
    buffer: Vec<u8>,
    depth: usize,
    rooted: bool,
}

impl<'s> Xml<'s> {
    /// Starts before the root element.
    ///
    /// # Errors
    /// As [`Feed::new`].
    pub fn new(source: &'s mut dyn Read) -> Result<Self, Refused> {
        let mut reader = Reader::from_reader(Feed::new(source)?);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { reader, buffer: Vec::new(), depth: 0, rooted: false })
    }

    /// The name of the encoding.
    pub fn encoding(&self) -> &'static str {
        self.reader.get_ref().encoding()
    }

    /// The next child of the element that is open; `None` when it closes. At the start, the root.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn child(&mut self) -> Result<Option<Element>, Refused> {
        loop {
            match self.step()? {
                Step::Open(element) => return Ok(Some(element)),
                Step::Close | Step::End => return Ok(None),
                Step::Text(_) => (),
            }
        }
    }

    /// All the text in the element that is open, and leaves it; `None` when it is longer than `max_bytes`.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn text(&mut self, max_bytes: usize) -> Result<Option<String>, Refused> {
        let (mut text, mut whole) = (String::new(), true);
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            match self.step()? {
                Step::Text(piece) if whole && text.len() + piece.len() <= max_bytes => text.push_str(&piece),
                Step::Text(_) => whole = false,
                Step::End => break,
                Step::Open(_) | Step::Close => (),
            }
        }
        Ok(whole.then_some(text))
    }

    /// Leaves the element that is open.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn skip(&mut self) -> Result<(), Refused> {
        self.text(0).map(drop)
    }

    fn step(&mut self) -> Result<Step, Refused> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().next_token();
            let line = self.reader.get_ref().line();
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| refused(error, line))?;
            let text = match event {
                // An empty element comes as one that opens and closes.
                Event::Start(start) | Event::Empty(start) => {
                    if self.depth == 0 && self.rooted {
                        return Err(wrong(line, "something follows after the end; remove it"));
                    }
                    (self.rooted, self.depth) = (true, self.depth + 1);
                    if self.depth > DEPTH_MAX {
                        let message =
                            format!("elements are nested more than {DEPTH_MAX} deep; put them into fewer folders");
                        return Err(Refused::TooLarge(format!("line {line}: {message}")));
                    }
                    return opened(&start, line).map(Step::Open);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::Close);
                }
                Event::Eof if self.depth > 0 => {
                    return Err(wrong(line, "the file ends in the middle; save or send it again"));
                }
                Event::Eof => return Ok(Step::End),
                Event::DocType(_) => {
                    return Err(wrong(line, "a document type (<!DOCTYPE …>) is not read; remove it"));
                }
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::CData(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(reference) => referred(&reference, line)?,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            };
            check_characters(&text, line)?;
            return Ok(Step::Text(text));
        }
    }
}

fn opened(start: &BytesStart<'_>, line: u64) -> Result<Element, Refused> {
    let too_long = || wrong(line, "a name is too long");
    let name = start.local_name().as_ref().to_string();
    if name.len() > NAME_MAX_BYTES {
        return Err(too_long());
    }
    let mut attributes = Vec::new();
    // One more than may be: the library compares each with all before it.
    for attribute in start.attributes().take(ATTRIBUTES_MAX + 1) {
        let attribute = attribute.map_err(|error| refused(error.into(), line))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| refused(error, line))?;
        check_characters(&value, line)?;
        if attribute.key.as_ref().len() > NAME_MAX_BYTES || value.len() > super::VALUE_MAX_BYTES {
            return Err(too_long());
        }
        attributes.push((attribute.key.as_ref().to_string(), value.into_owned()));
    }
    if attributes.len() > ATTRIBUTES_MAX {
        let message =
            format!("line {line}: an element has more than {ATTRIBUTES_MAX} attributes; write the file again");
        return Err(Refused::TooLarge(message));
    }
    Ok(Element { name, attributes, line })
}

/// What a character reference or one of the five entities stands for.
fn referred(reference: &BytesRef<'_>, line: u64) -> Result<String, Refused> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| refused(error, line))? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name).map(str::to_string).ok_or_else(|| {
        let name: String = name.chars().take(40).collect();
        wrong(line, &format!("&{name}; is not known; write the character itself"))
    })
}

fn check_characters(text: &str, line: u64) -> Result<(), Refused> {
    if text.chars().all(is_character) {
        Ok(())
    } else {
        Err(wrong(line, "a control character stands in the text; remove it"))
    }
}

/// Whether XML 1.0 can hold a character: no control characters but tabs and line ends.
pub fn is_character(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn wrong(line: u64, message: &str) -> Refused {
    Refused::Unreadable(format!("line {line}: {message}"))
}

fn refused(error: quick_xml::Error, line: u64) -> Refused {
    match error {
        quick_xml::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
            Some(said) => said.clone(),
            None => wrong(line, "the file cannot be read to its end; save or send it again"),
        },
        other => {
            let said: String = other.to_string().chars().take(200).collect();
            wrong(line, &format!("is not well-formed XML ({said}); save the file again"))
        }
    }
}
