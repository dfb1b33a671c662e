//! Tells lines of links at the edges of a page from its content.

/// Stretches with more words outside links are content.
const MAXIMUM_PLAIN_WORDS: usize = 4;

/// Links with more words on average are content.
const MAXIMUM_LINK_WORDS: usize = 12;

/// The share of links in a stretch of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LinkUse {
    links: usize,
    linked_words: usize,
    plain_words: usize,
    last_link: Option<usize>,
}

impl LinkUse {
    /// Counts a text in the link of this number, or outside links.
    pub(super) fn add(&mut self, text: &str, link: Option<usize>) {
        let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        match link {
            Some(_) => {
                self.links += usize::from(self.last_link != link);
                self.linked_words += words;
                self.last_link = link;
            }
            None => self.plain_words += words,
        }
    }

    /// Whether there is little besides links. Punctuation between links does not count.
    pub(super) const fn is_navigation(self) -> bool {
        let Self { links, linked_words, plain_words, .. } = self;
        plain_words <= MAXIMUM_PLAIN_WORDS
            && plain_words <= linked_words
            && linked_words <= links * MAXIMUM_LINK_WORDS
    }
}

/// The role of a stretch of a page for telling navigation from content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StretchRole {
    Heading,
    /// A text that ends with a colon.
    Introduction,
    Text,
    /// Little besides links.
    Navigation,
}

/// Which stretches are navigation at the edges of a page: before the text, also below its heading, and after the text.
/// Links that follow a heading or an introduction at the end, or that are all that is below a heading, are content.
pub(super) fn edges(roles: &[StretchRole]) -> Vec<bool> {
    let is_navigation = |role: &&StretchRole| **role == StretchRole::Navigation;
    let is_heading = |role: &&StretchRole| **role == StretchRole::Heading;
    let mut dropped = vec![false; roles.len()];
    let start = roles.iter().take_while(is_navigation).count();
    dropped[..start].fill(true);

    let below = start + roles[start..].iter().take_while(is_heading).count();
    let text = below + roles[below..].iter().take_while(is_navigation).count();
    if matches!(roles.get(text), Some(StretchRole::Text | StretchRole::Introduction)) {
        dropped[below..text].fill(true);
    }

    let end = roles.len() - roles.iter().rev().take_while(is_navigation).count();
    if end > 0 && roles[end - 1] == StretchRole::Text {
        dropped[end..].fill(true);
    }
    let keeps_text =
        roles.iter().zip(&dropped).any(|(role, dropped)| !dropped && *role != StretchRole::Heading);
    if keeps_text { dropped } else { vec![false; roles.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn navigation_is_dropped_at_the_edges_only() {
        let role = |letter| match letter {
            'h' => StretchRole::Heading,
            'i' => StretchRole::Introduction,
            't' => StretchRole::Text,
            _ => StretchRole::Navigation,
        };
        for (roles, kept) in [
            ("", ""),
            ("nntnn", "t"),
            ("hnt", "ht"),
            ("nhnt", "ht"),
            ("hnht", "hnht"),
            ("tntn", "tnt"),
            ("thn", "thn"),
            ("tin", "tin"),
            ("nnn", "nnn"),
            ("hnn", "hnn"),
            ("nh", "nh"),
        ] {
            let dropped = edges(&roles.chars().map(role).collect::<Vec<_>>());
            let left: String = roles
                .chars()
                .zip(&dropped)
                .filter(|(_, dropped)| !**dropped)
                .map(|(letter, _)| letter)
                .collect();
            assert_eq!(left, kept, "{roles}");
        }
    }

    #[test]
    fn a_stretch_with_few_words_outside_its_links_is_navigation() {
        let link_use = |parts: &[(&str, Option<usize>)]| {
            let mut link_use = LinkUse::default();
            for &(text, link) in parts {
                link_use.add(text, link);
            }
            link_use
        };
        let long = "word ".repeat(20);
        for (parts, is_navigation) in [
            (&[("Return to the", None), ("PCRE2 index page", Some(1)), (".", None)][..], true),
            (&[("Home", Some(1)), ("|", None), ("Docs", Some(2))], true),
            (&[("»", None)], true),
            (&[("See the", None), ("manual", Some(1)), (".", None)], false),
            (&[("It rains.", None)], false),
            (&[(long.as_str(), Some(1))], false),
        ] {
            assert_eq!(link_use(parts).is_navigation(), is_navigation, "{parts:?}");
        }
    }
}
