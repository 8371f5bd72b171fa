//! The short cut for nearly every event: an object of a few plain texts, integers and words, put in order without being parsed into
//! a tree. Whatever is not so plain is left to the whole way, so this need not know what is JSON and what is not.

/// Most members that an event which takes the short cut has.
const MOST: usize = 12;

/// Longest integer that surely fits into 64 bits.
const DIGITS: usize = 18;

/// Appends the canonical form of a flat object. Says no, and appends nothing, if it is not certain of it.
pub(super) fn write(json: &str, text: &mut String) -> bool {
    let mut members = [("", ""); MOST];
    let Some(members) = Scanner { rest: json }.object(&mut members) else { return false };
    members.sort_unstable_by_key(|(key, _)| *key);
    if members.iter().zip(members.iter().skip(1)).any(|((one, _), (other, _))| one == other) {
        return false;
    }
    text.push('{');
    for (index, (key, value)) in members.iter().enumerate() {
        text.push_str(if index > 0 { ",\"" } else { "\"" });
        text.push_str(key);
        text.push_str("\":");
        text.push_str(value);
    }
    text.push('}');
    true
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// The members of an object that is all there is.
    fn object<'m>(mut self, room: &'m mut [(&'a str, &'a str)]) -> Option<&'m mut [(&'a str, &'a str)]> {
        self.skip(b'{')?;
        let mut count = 0;
        if self.skip(b'}').is_none() {
            loop {
                let quoted = self.quoted()?;
                let key = quoted.get(1..quoted.len() - 1)?;
                self.skip(b':')?;
                *room.get_mut(count)? = (key, self.value()?);
                count += 1;
                if self.skip(b',').is_none() {
                    self.skip(b'}')?;
                    break;
                }
            }
        }
        self.space();
        if self.rest.is_empty() { room.get_mut(..count) } else { None }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(char::from(byte))?;
        Some(())
    }

    fn value(&mut self) -> Option<&'a str> {
        self.space();
        match self.rest.as_bytes().first()? {
            b'"' => self.quoted(),
            b'-' | b'0'..=b'9' => self.integer(),
            _ => ["null", "true", "false"].into_iter().find_map(|word| self.rest.starts_with(word).then(|| self.take(word.len()))?),
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A text that is written as it stands, with its quotes.
    fn quoted(&mut self) -> Option<&'a str> {
        self.space();
        let inner = self.rest.strip_prefix('"')?;
        let length = inner.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')?;
        if inner.as_bytes().get(length) == Some(&b'"') { self.take(length + 2) } else { None }
    }

    /// Without leading zeros, and no negative zero.
    fn integer(&mut self) -> Option<&'a str> {
        let sign = usize::from(self.rest.starts_with('-'));
        let digits = self.rest.get(sign..)?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let plain = length > 0 && length <= DIGITS && (!digits.starts_with('0') || (length == 1 && sign == 0));
        let ends = !matches!(digits.as_bytes().get(length), Some(b'.' | b'e' | b'E'));
        if plain && ends { self.take(sign + length) } else { None }
    }
}
