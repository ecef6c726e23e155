//! The text of a description that is written in HTML. Not for showing HTML safely: what comes out is text and must be escaped
//! as text wherever it is shown.

/// Without tags, scripts and styles, entities resolved; what stands in a text without HTML stays.
pub(super) fn plain(html: &str) -> String {
    let html = html.trim();
    if !html.contains('&') && tag_at(html).is_none() {
        return html.to_string();
    }
    let (mut out, mut rest) = (String::new(), html);
    while let Some((before, tag, after)) = tag_at(rest) {
        push_text(&mut out, before);
        let name = tag.trim_start_matches('/');
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "br" | "p" | "div" | "tr" | "li" | "table" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                out.push('\n');
            }
            "td" | "th" if tag.starts_with('/') => out.push(' '),
            _ => (),
        }
        rest = match name.as_str() {
            "script" | "style" if !tag.starts_with('/') => after_closing(after, &name),
            _ => after,
        };
    }
    push_text(&mut out, rest);
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// The first tag or comment: what stands before, in and after it.
fn tag_at(text: &str) -> Option<(&str, &str, &str)> {
    for (at, _) in text.match_indices('<') {
        let (before, tag) = (text.get(..at)?, text.get(at + 1..)?);
        if let Some(comment) = tag.strip_prefix("!--") {
            let (_, after) = comment.split_once("-->").unwrap_or((comment, ""));
            return Some((before, "", after));
        }
        // A smaller-than sign before anything but a name is a sign.
        if tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
            && let Some((inside, after)) = tag.split_once('>')
        {
            return Some((before, inside, after));
        }
    }
    None
}

fn after_closing<'t>(text: &'t str, name: &str) -> &'t str {
    let closing = format!("</{name}");
    let found = text
        .char_indices()
        .find(|(at, _)| text.get(*at..at + closing.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(&closing)));
    found.and_then(|(at, _)| text.get(at..)).unwrap_or_default()
}

fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let name = after.split_once(';').filter(|(name, _)| name.len() <= 10);
        let known = name.and_then(|(name, after)| Some((character(name)?, after)));
        let (character, after) = known.unwrap_or(('&', after));
        out.push(character);
        rest = after;
    }
    out.push_str(rest);
}

fn character(name: &str) -> Option<char> {
    if let Some(code) = name.strip_prefix('#') {
        let code = match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => code.parse(),
        };
        return char::from_u32(code.ok()?).filter(|&c| crate::formats::xml::is_character(c));
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ldquo" => '“',
        "rdquo" => '”',
        "mdash" => '—',
        "ndash" => '–',
        "deg" => '°',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_text_and_text_stays() {
        for (html, text) in [
            ("plain text", "plain text"),
            ("depth < 3 m and > 1 m", "depth < 3 m and > 1 m"),
            ("a &amp; b &lt;c&gt; &nosuch; &", "a & b <c> &nosuch; &"),
            ("<div>one<br/>two&nbsp;three</div><p class='x'>four", "one\ntwo three\nfour"),
            ("<style>b {}</style>x<SCRIPT>alert(1)</Script >y<!-- no -->z", "xyz"),
            ("<script>never closed", ""),
            ("<b", "<b"),
            ("&#x4e2d;&#25991;&#0;", "中文&#0;"),
            ("<table><tr><td>水</td><td>闸</td></tr></table>", "水 闸"),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }
}
